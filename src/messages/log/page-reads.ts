import { Buckets } from "../../lib/buckets.ts";
import { SharedGate } from "../../lib/gate.ts";
import { pause } from "../../lib/pause.ts";

/** Pages that are read at a time in this process; an account has at most half of them. */
const places = 8;

/** Milliseconds that reading for an account may take: so many at once, and half of the time from then on. */
const readingMs = { atOnce: 2_000, perSecond: 500 };

/** What takes longer has waited for a database that was away, and would be paid for when it is back. */
const mostCountedMs = 1_000;

/**
 * Reads of stored events, of which each account gets its share. A page usually takes two milliseconds. One for whose filter
 * hardly any event matches goes over the whole log of the account, and whoever begins again and again may ask for many.
 */
export class PageReads {
  readonly #gate = new SharedGate(places);
  readonly #time: Buckets;

  constructor(now?: () => number) {
    this.#time = new Buckets(readingMs, now);
  }

  /** Reads when it is the account's turn. Rejects when `signal` aborts before. */
  async run<Page>(accountId: string, read: () => Promise<Page>, signal: AbortSignal): Promise<Page> {
    for (;;) {
      const debtMs = this.#time.debtMs(accountId);
      if (debtMs > 0) await pause(debtMs, signal);
      signal.throwIfAborted();
      const done = await this.#gate.run(accountId, async () => {
        // Those who had the places before may have used up what there was.
        if (this.#time.debtMs(accountId) > 0 || signal.aborted) return undefined;
        return { page: await this.#timed(accountId, read) };
      });
      if (done) return done.page;
    }
  }

  async #timed<Page>(accountId: string, read: () => Promise<Page>): Promise<Page> {
    const begunAt = performance.now();
    try {
      return await read();
    } finally {
      this.#time.use(accountId, Math.min(performance.now() - begunAt, mostCountedMs));
    }
  }
}
