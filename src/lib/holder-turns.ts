/** Work that waits has its turns here: one of one holder (an account) at a time, and the holders in turn. */
export class HolderTurns {
  readonly #lines = new Map<string, (() => void)[]>();
  readonly #between: (next: () => void) => void;
  #isTurning = false;

  /** @param between calls `next` when another turn may begin, and is called after each */
  constructor(between: (next: () => void) => void) {
    this.#between = between;
  }

  next(holder: string): Promise<void> {
    return new Promise((begin) => {
      const line = this.#lines.get(holder);
      if (line) line.push(begin);
      else this.#lines.set(holder, [begin]);
      if (this.#isTurning) return;
      this.#isTurning = true;
      setImmediate(() => this.#turn());
    });
  }

  #turn(): void {
    const [first] = this.#lines;
    if (!first) {
      this.#isTurning = false;
      return;
    }
    const [holder, line] = first;
    const begin = line.shift();
    // The last in the queue, if it has more.
    this.#lines.delete(holder);
    if (line.length > 0) this.#lines.set(holder, line);
    begin?.();
    this.#between(() => this.#turn());
  }
}
