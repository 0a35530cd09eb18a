/** Reports a lasting condition once an hour instead of every time it is met. */
export class OnceAnHour {
  readonly #said = new Map<string, { at: number; times: number }>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Calls `say` unless it was called for this key within the hour. `keptBack` is how often it was skipped
   * since.
   */
  say(key: string, say: (keptBack: number) => void): void {
    const now = this.#now();
    const known = this.#said.get(key);
    if (known && now - known.at < hourMs) return void known.times++;
    if (this.#said.size >= maxKeys) this.#said.clear();
    this.#said.set(key, { at: now, times: 0 });
    say(known?.times ?? 0);
  }
}

const hourMs = 3_600_000;
const maxKeys = 1_000;
