/** Work that waits has its turns here: one of one holder (an account) in a turn of the event loop, and the holders in turn. */
export class HolderTurns {
  readonly #lines = new Map<string, (() => void)[]>();
  readonly #rests: boolean;
  #isTurning = false;

  /** @param options.rests whether everybody else has the event loop after each turn, for as long as its work took */
  constructor({ rests = false } = {}) {
    this.#rests = rests;
  }

  /** How many turns of a holder wait. */
  waiting(holder: string): number {
    return this.#lines.get(holder)?.length ?? 0;
  }

  next(holder: string): Promise<void> {
    return new Promise((begin) => {
      const line = this.#lines.get(holder);
      if (line) line.push(begin);
      else this.#lines.set(holder, [begin]);
      if (!this.#isTurning) this.#turnSoon();
    });
  }

  #turnSoon(): void {
    this.#isTurning = true;
    let begunAt = 0;
    setImmediate(() => {
      begunAt = performance.now();
      this.#turn();
    });
    // This one comes when everything is done that could be done at once in the turn, and before anything else.
    setImmediate(() => {
      if (!this.#rests) this.#goOn();
      else setTimeout(() => this.#goOn(), performance.now() - begunAt);
    });
  }

  #goOn(): void {
    if (this.#lines.size > 0) this.#turnSoon();
    else this.#isTurning = false;
  }

  #turn(): void {
    const [first] = this.#lines;
    if (!first) return;
    const [holder, line] = first;
    const begin = line.shift();
    // The last in the queue, if it has more.
    this.#lines.delete(holder);
    if (line.length > 0) this.#lines.set(holder, line);
    begin?.();
  }
}
