/** How long after its last operation another account counts as asking. */
const askingMs = 1_000;

interface Asker {
  name: string;
  at: number;
}

/** The last two accounts that asked for something. */
export class LastAskers {
  #last: Asker | undefined;
  #before: Asker | undefined;

  note(name: string): void {
    if (this.#last?.name !== name) this.#before = this.#last;
    this.#last = { name, at: performance.now() };
  }

  /** Whether an account other than this one asks. */
  isAnotherThan(name: string): boolean {
    const other = this.#last?.name === name ? this.#before : this.#last;
    return other !== undefined && performance.now() - other.at < askingMs;
  }
}
