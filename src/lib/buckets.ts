import { TokenBucket } from "./token-bucket.ts";

/** Owners that used nothing of late are forgotten when so many are known. */
const maxKnown = 1_000;

/** What each owner may use of something: so much at once, of which so much comes back in a second. In this process. */
export class Buckets {
  readonly #atOnce: number;
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(
    { atOnce, perSecond }: { atOnce: number; perSecond: number },
    now = (): number => performance.now(),
  ) {
    this.#atOnce = atOnce;
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** Uses so much, or nothing when it is not there. */
  take(owner: string, amount: number): boolean {
    if (amount <= 0) return true;
    const bucket = this.#of(owner);
    const now = this.#now();
    if (!bucket.has(amount, now)) return false;
    bucket.use(amount, now);
    return true;
  }

  /** Uses so much, also what is not there: then the owner is in debt. */
  use(owner: string, amount: number): void {
    this.#of(owner).use(amount, this.#now());
  }

  /** Milliseconds until the owner is no longer in debt. */
  debtMs(owner: string): number {
    const over = this.#of(owner).used(this.#now()) - this.#atOnce;
    return over > 0 ? (over / this.#perSecond) * 1000 : 0;
  }

  #of(owner: string): TokenBucket {
    const known = this.#buckets.get(owner);
    if (known) return known;
    if (this.#buckets.size >= maxKnown) this.#forget();
    const made = new TokenBucket(this.#perSecond, this.#atOnce, this.#now());
    this.#buckets.set(owner, made);
    return made;
  }

  #forget(): void {
    for (const [owner, bucket] of this.#buckets)
      if (bucket.used(this.#now()) === 0) this.#buckets.delete(owner);
  }
}
