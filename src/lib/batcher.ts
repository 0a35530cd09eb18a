import { BusyError, OutcomeUnknownError } from "./errors.ts";

/** How much may wait, and for how long, where somebody waits for each item. */
export interface Patience<Item> {
  /** More is refused at once. */
  maxWaiting: number;
  /** What an item counts for in `maxWaiting`. Default: its size. */
  weigh?: (item: Item) => number;
  /** An item that no batch has taken by then is refused: nothing was done. */
  waitMs: number;
  /** Nobody waits longer for a batch that has begun. Its work goes on, and what becomes of it is not known. */
  answerMs: number;
}

interface Waiting<Item, Result> {
  item: Item;
  weight: number;
  since: number;
  settle: PromiseWithResolvers<Result>;
}

const lookEveryMs = 500;

/**
 * Forms batches under load: items that arrive while a batch is processed wait for the next one. An idle
 * batcher passes an item on at once, a busy one passes groups on, and neither uses a timer.
 */
export class Batcher<Item, Result> {
  readonly #work: (items: Item[]) => Promise<Result[]>;
  readonly #maxSize: number;
  readonly #maxRunning: number;
  readonly #sizeOf: (item: Item) => number;
  readonly #patience: Patience<Item> | undefined;
  #waiting: Waiting<Item, Result>[] = [];
  readonly #taken = new Set<Waiting<Item, Result>>();
  #weight = 0;
  #running = 0;
  #isLooking = false;

  /**
   * `work` returns one result per item, in the same order. When it throws, all items of the batch fail.
   * `maxRunning` batches may run at the same time. An item of a larger size counts as so many.
   */
  constructor(
    work: (items: Item[]) => Promise<Result[]>,
    maxSize: number,
    maxRunning = 1,
    sizeOf: (item: Item) => number = () => 1,
    patience?: Patience<Item>,
  ) {
    this.#work = work;
    this.#maxSize = maxSize;
    this.#maxRunning = maxRunning;
    this.#sizeOf = sizeOf;
    this.#patience = patience;
  }

  /** Items waiting for a batch. */
  get size(): number {
    return this.#waiting.length;
  }

  add(item: Item): Promise<Result> {
    const weight = (this.#patience?.weigh ?? this.#sizeOf)(item);
    if (this.#patience && this.#weight + weight > this.#patience.maxWaiting)
      return Promise.reject(new BusyError());
    const settle = Promise.withResolvers<Result>();
    this.#weight += weight;
    this.#waiting.push({ item, weight, since: performance.now(), settle });
    if (this.#patience && !this.#isLooking) this.#lookSoon(this.#patience);
    if (this.#running < this.#maxRunning) {
      this.#running++;
      // Runs after this turn of the event loop, so that items of one turn share a batch.
      setImmediate(() => void this.#run());
    }
    return settle.promise;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#fitting());
      for (const one of batch) this.#take(one);
      try {
        const results = await this.#work(batch.map(({ item }) => item));
        for (const [index, { settle }] of batch.entries()) settle.resolve(results[index] as Result);
      } catch (error) {
        for (const { settle } of batch) settle.reject(error);
      }
      for (const one of batch) this.#taken.delete(one);
    }
    this.#running--;
  }

  /** How many of the waiting items fit into a batch: at least one. */
  #fitting(): number {
    let size = 0;
    const tooMany = this.#waiting.findIndex(({ item }) => (size += this.#sizeOf(item)) > this.#maxSize);
    return tooMany < 0 ? this.#waiting.length : Math.max(tooMany, 1);
  }

  #take(one: Waiting<Item, Result>): void {
    this.#weight -= one.weight;
    if (this.#patience) this.#taken.add(one);
  }

  #lookSoon(patience: Patience<Item>): void {
    this.#isLooking = true;
    setTimeout(() => {
      this.#giveUp(patience);
      if (this.#waiting.length > 0 || this.#taken.size > 0) this.#lookSoon(patience);
      else this.#isLooking = false;
    }, lookEveryMs).unref();
  }

  /** Tells those who have waited for too long. They came in order, so the first ones have waited longest. */
  #giveUp({ waitMs, answerMs }: Patience<Item>): void {
    const now = performance.now();
    const isLate = this.#waiting.findIndex(({ since }) => now - since < waitMs);
    for (const late of this.#waiting.splice(0, isLate < 0 ? this.#waiting.length : isLate)) {
      this.#weight -= late.weight;
      late.settle.reject(new BusyError());
    }
    for (const one of this.#taken) {
      if (now - one.since < answerMs) continue;
      this.#taken.delete(one);
      one.settle.reject(new OutcomeUnknownError());
    }
  }
}
