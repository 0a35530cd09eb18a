/**
 * The database's clock, which all processes share. Between two readings it is carried on by this process's
 * monotonic clock, so that a jump of the machine's clock neither ends nor prolongs anything.
 */
export class DatabaseTime {
  /** Milliseconds to add to the monotonic clock. */
  #ahead = performance.timeOrigin;

  /** Call this whenever a statement has read the database's time. */
  note(databaseMs: number): void {
    this.#ahead = databaseMs - performance.now();
  }

  now(): number {
    return performance.now() + this.#ahead;
  }
}
