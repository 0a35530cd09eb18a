import { setImmediate, setTimeout as pause } from "node:timers/promises";
import { Buckets } from "../../lib/buckets.ts";

/** Milliseconds that making answers for an account may take while another one asks: so many at once, and of each second. */
const workMs = { atOnce: 200, perSecond: 400 };

/** An answer with more events takes long by itself: an account has one of them made at a time. */
const mostShort = 20;

/** So long may each event of a long answer take. What takes longer has waited for a database that was away or slow. */
const mostOfEventMs = 0.2;

/** What a short answer takes when what it reads has come. It cannot be measured, since others are made meanwhile. */
const restOfShortMs = 0.05;

/** After so long everybody else has the event loop. */
const sliceMs = 2;

/**
 * Turns of the subscriptions of an account to have their answers made. Subscriptions that share their answers cost no more than one. But
 * hundreds that differ, or that fell behind and read on from places of their own, have an answer made for each, with up to hundreds of
 * events.
 */
export class AnswerTurns {
  readonly #isShared: (holder: string) => boolean;
  readonly #work = new Buckets(workMs);
  /** What waits, of each holder, in the order in which it came. */
  readonly #lines = new Map<string, (() => Promise<void>)[]>();

  /** @param isShared whether somebody else than the holder asks for something */
  constructor(isShared: (holder: string) => boolean) {
    this.#isShared = isShared;
  }

  /** Makes an answer with so many events, at once or when it is the holder's turn. */
  run<Answer>(holder: string, events: number, make: () => Promise<Answer>): Promise<Answer> {
    const isLong = events > mostShort;
    const line = this.#lines.get(holder);
    if (!line && !isLong && this.#debtMs(holder) === 0) return this.#begin(holder, make);
    const answer = Promise.withResolvers<Answer>();
    const work = async (): Promise<void> => {
      const made = isLong ? this.#toTheEnd(holder, events, make) : this.#begin(holder, make);
      made.then(answer.resolve, answer.reject);
      if (isLong) await Promise.allSettled([made]);
    };
    if (line) line.push(work);
    else void this.#serve(holder, [work]);
    return answer.promise;
  }

  async #serve(holder: string, line: (() => Promise<void>)[]): Promise<void> {
    this.#lines.set(holder, line);
    let begunAt = performance.now();
    for (let work = line.shift(); work; work = line.shift()) {
      const debtMs = this.#debtMs(holder);
      if (debtMs > 0) await pause(debtMs);
      await work();
      if (performance.now() - begunAt < sliceMs) continue;
      await setImmediate();
      begunAt = performance.now();
    }
    this.#lines.delete(holder);
  }

  #debtMs(holder: string): number {
    return this.#isShared(holder) ? this.#work.debtMs(holder) : 0;
  }

  #begin<Answer>(holder: string, make: () => Promise<Answer>): Promise<Answer> {
    const begunAt = performance.now();
    const made = make();
    this.#work.use(holder, performance.now() - begunAt + restOfShortMs);
    return made;
  }

  async #toTheEnd<Answer>(holder: string, events: number, make: () => Promise<Answer>): Promise<Answer> {
    const begunAt = performance.now();
    try {
      return await make();
    } finally {
      this.#work.use(holder, Math.min(performance.now() - begunAt, events * mostOfEventMs));
    }
  }
}
