/**
 * The database's clock, which all processes share, as it was last read. In between it goes on by time that has passed, so
 * that a jump of this machine's clock ends nothing and makes nothing last.
 */
export class DatabaseTime {
  /** Milliseconds to add to the time that has passed since the process began. */
  #ahead = performance.timeOrigin;

  /** Call with the database's time whenever a statement has read it, in milliseconds. */
  note(databaseMs: number): void {
    this.#ahead = databaseMs - performance.now();
  }

  now(): number {
    return performance.now() + this.#ahead;
  }
}
