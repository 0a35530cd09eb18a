import { HolderTurns } from "./holder-turns.ts";

/** So long work goes on before everybody else has a turn. */
const sliceMs = 2;

/** In each turn of the event loop one slice of one holder. */
const turns = new HolderTurns();

/**
 * Long work for one holder (an account), done in slices of a few milliseconds, whatever it is. Everything else of the process
 * runs between two slices, and several holders have theirs in turn, however much work each of them has.
 */
export class Slices {
  readonly #holder: string;
  #since = performance.now();

  constructor(holder: string) {
    this.#holder = holder;
  }

  /** Whether the slice has ended. Look at it after each small piece of work, and rest then. */
  get isOver(): boolean {
    return performance.now() - this.#since >= sliceMs;
  }

  /** Waits for the next slice. */
  async rest(): Promise<void> {
    await turns.next(this.#holder);
    this.#since = performance.now();
  }
}
