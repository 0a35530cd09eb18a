/**
 * Forms batches under load: items that arrive while a batch is processed wait for the next one. An idle
 * batcher passes an item on at once, a busy one passes groups on, and neither uses a timer.
 */
export class Batcher<Item, Result> {
  readonly #work: (items: Item[]) => Promise<Result[]>;
  readonly #maxSize: number;
  readonly #maxRunning: number;
  #waiting: { item: Item; settle: PromiseWithResolvers<Result> }[] = [];
  #running = 0;

  /**
   * `work` returns one result per item, in the same order. When it throws, all items of the batch fail.
   * `maxRunning` batches may run at the same time.
   */
  constructor(work: (items: Item[]) => Promise<Result[]>, maxSize: number, maxRunning = 1) {
    this.#work = work;
    this.#maxSize = maxSize;
    this.#maxRunning = maxRunning;
  }

  /** Items waiting for a batch. */
  get size(): number {
    return this.#waiting.length;
  }

  add(item: Item): Promise<Result> {
    const settle = Promise.withResolvers<Result>();
    this.#waiting.push({ item, settle });
    if (this.#running < this.#maxRunning) {
      this.#running++;
      // Runs after this turn of the event loop, so that items of one turn share a batch.
      setImmediate(() => void this.#run());
    }
    return settle.promise;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#maxSize);
      try {
        const results = await this.#work(batch.map(({ item }) => item));
        for (const [index, { settle }] of batch.entries()) settle.resolve(results[index] as Result);
      } catch (error) {
        for (const { settle } of batch) settle.reject(error);
      }
    }
    this.#running--;
  }
}
