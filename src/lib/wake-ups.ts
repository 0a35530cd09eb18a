/** Wakes those who wait for news, all of them or those who wait for one key. */
export class WakeUps<Key = undefined> {
  readonly #waiting = new Map<Key, Set<() => void>>();

  /** Resolves when the key is woken or the signal aborts, or after `maxMs` without either. */
  next(key: Key, signal: AbortSignal, maxMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(key) ?? new Set();
      const wake = (): void => {
        clearTimeout(timer);
        waiting.delete(wake);
        if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const timer = maxMs === undefined ? undefined : setTimeout(wake, maxMs);
      this.#waiting.set(key, waiting.add(wake));
      signal.addEventListener("abort", wake);
    });
  }

  wake(key: Key): void {
    for (const wake of this.#waiting.get(key) ?? []) wake();
  }

  wakeAll(): void {
    for (const key of this.#waiting.keys()) this.wake(key);
  }
}
