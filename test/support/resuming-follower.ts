import type { GraphqlClient } from "./graphql-client.ts";
import { frameOf, logId, watchEvents } from "./live.ts";

/** A client that comes back with its cursor, to whichever process is there. */
export class Follower {
  readonly seen: string[] = [];
  readonly resets: string[] = [];
  connections = 0;
  #cursor: string | undefined;
  #isOver = false;

  /** Resolves when the follower has begun. */
  async follow(clients: () => GraphqlClient[]): Promise<void> {
    const begun = Promise.withResolvers<void>();
    void (async () => {
      while (!this.#isOver) {
        const all = clients();
        const client = all[this.connections++ % all.length];
        if (client)
          await this.#read(client, begun.resolve).catch(() => new Promise((go) => setTimeout(go, 50)));
      }
    })();
    await begun.promise;
  }

  end(): void {
    this.#isOver = true;
  }

  async #read(client: GraphqlClient, onBegun: () => void): Promise<void> {
    for await (const result of watchEvents(client, { after: this.#cursor })) {
      const frame = frameOf(result);
      this.#cursor = frame.cursor;
      this.seen.push(...(frame.events ?? []).map(logId));
      if (frame.__typename === "StreamReset") this.resets.push(frame.reason ?? "");
      onBegun();
      if (this.#isOver) return;
    }
  }
}
