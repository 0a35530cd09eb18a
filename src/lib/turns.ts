/** About half a millisecond of work. */
const inOneTurn = 200;

interface Part {
  values: number;
  begin: () => void;
}

/**
 * For long work that can be divided: lets its parts begin over as many turns of the event loop as they need, in the
 * order in which they ask, so that everyone else has a turn in between.
 */
export class Turns {
  readonly #waiting: Part[] = [];
  #left = inOneTurn;
  #isTurning = false;

  /** Resolves when a part that makes so many values may begin; undefined when it may at once. */
  next(values: number): Promise<void> | undefined {
    if (!this.#isTurning) this.#turn();
    if (this.#waiting.length > 0 || this.#left <= 0)
      return new Promise((begin) => void this.#waiting.push({ values, begin }));
    this.#left -= values;
    return undefined;
  }

  #turn(): void {
    this.#isTurning = true;
    this.#left = inOneTurn;
    setImmediate(() => {
      this.#isTurning = false;
      if (this.#waiting.length === 0) return;
      this.#turn();
      let begun = 0;
      for (; begun < this.#waiting.length && this.#left > 0; begun++)
        this.#left -= this.#waiting[begun]?.values ?? 0;
      for (const { begin } of this.#waiting.splice(0, begun)) begin();
    });
  }
}
