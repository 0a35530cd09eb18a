/** Remembers so many values: those that were asked for last. One too many costs the oldest, and not all of them. */
export class RecentlyUsed<Key, Value> {
  readonly #most: number;
  /** The one that was asked for last is the last. */
  readonly #values = new Map<Key, Value>();

  constructor(most: number) {
    this.#most = most;
  }

  get(key: Key): Value | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  set(key: Key, value: Value): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#most) return;
    for (const oldest of this.#values.keys()) return void this.#values.delete(oldest);
  }
}
