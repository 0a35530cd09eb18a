import type { FeedRow } from "../log/event-rows.ts";
import type { Bus } from "./bus.ts";
import { decodeRow, type Names } from "./wire.ts";

const answerMs = 2_000;

/** Reads stored events by their numbers in the stream. */
export class StreamReader {
  readonly #bus: Bus;
  readonly #names: Names;

  constructor(bus: Bus, names: Names) {
    this.#bus = bus;
    this.#names = names;
  }

  /**
   * The events with these numbers, both included. Asked for one by one, but all at once: any server of the cluster may
   * answer, also one that is behind, and only so it is certain that none is left out.
   * @throws Error when one is not there
   */
  async read(from: number, until: number): Promise<FeedRow[]> {
    const { connection } = this.#bus;
    if (!connection) throw new Error("NATS is away");
    const rows: FeedRow[] = [];
    const done = Promise.withResolvers<void>();
    let missing = until - from + 1;
    const inbox = this.#bus.inbox();
    const subscription = connection.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        const row = error || message.data.length === 0 ? undefined : decodeRow(message.string());
        if (!row) return done.reject(error ?? new Error("the stream does not have an event any more"));
        rows[Number(message.subject.slice(inbox.length + 1)) - from] = row;
        if (--missing === 0) done.resolve();
      },
    });
    const timer = setTimeout(() => done.reject(new Error("JetStream does not answer")), answerMs);
    try {
      for (let sequence = from; sequence <= until; sequence++)
        connection.publish(`$JS.API.DIRECT.GET.${this.#names.stream}`, JSON.stringify({ seq: sequence }), {
          reply: `${inbox}.${sequence}`,
        });
      await done.promise;
    } finally {
      clearTimeout(timer);
      subscription.unsubscribe();
    }
    return rows;
  }
}
