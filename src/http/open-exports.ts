import type { Viewer } from "../access/api-keys.ts";
import type { FairShares } from "../access/fair-shares.ts";
import { TooManyRequestsError } from "../lib/errors.ts";
import { pause } from "../lib/pause.ts";

/** Exports that an account may have open at once: each has two pages in memory for as long as its reader takes. */
const maxOpen = 16;
const retryAfterSeconds = 5;
/** What a page of a thousand lines costs. */
const page = { kind: "queries", cost: 1_000 } as const;
const againMs = 500;

/** Bounds the exports of each account, and has their pages wait for their turn, as operations of GraphQL do. */
export class OpenExports {
  readonly #shares: FairShares;
  readonly #open = new Map<string, number>();

  constructor(shares: FairShares) {
    this.#shares = shares;
  }

  /** Returns how to give the place back. @throws TooManyRequestsError */
  enter({ accountId }: Viewer): () => void {
    const before = this.#open.get(accountId) ?? 0;
    if (before >= maxOpen) throw new TooManyRequestsError("ACCOUNT", retryAfterSeconds);
    this.#open.set(accountId, before + 1);
    return () => {
      const rest = (this.#open.get(accountId) ?? 1) - 1;
      if (rest > 0) this.#open.set(accountId, rest);
      else this.#open.delete(accountId);
    };
  }

  /** The same lines, each piece read when it is the account's turn. */
  async *inTurns(viewer: Viewer, lines: AsyncGenerator<string>, signal: AbortSignal): AsyncGenerator<string> {
    try {
      while (!signal.aborted) {
        const leave = await this.#turn(viewer, signal);
        const { value, done } = await lines.next().finally(() => leave?.());
        if (done === true) return;
        yield value;
      }
    } finally {
      await lines.return(undefined);
    }
  }

  /** What has begun is not refused in the middle: it waits on. */
  async #turn(viewer: Viewer, signal: AbortSignal): Promise<(() => void) | undefined> {
    while (!signal.aborted) {
      try {
        return await this.#shares.enter({ viewer, socket: undefined }, page);
      } catch (error) {
        if (!(error instanceof TooManyRequestsError)) throw error;
        await pause(againMs, signal);
      }
    }
    return undefined;
  }
}
