/**
 * A token bucket, kept as what has been used of it: `rate` units become free every second, and at most `burst` can be
 * used at once. The limits can change without losing what was used.
 */
export class TokenBucket {
  #rate: number;
  #burst: number;
  #used = 0;
  #at: number;

  constructor(rate: number, burst: number, now: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#at = now;
  }

  get burst(): number {
    return this.#burst;
  }

  set(rate: number, burst: number, now: number): void {
    this.used(now);
    this.#rate = rate;
    this.#burst = burst;
  }

  /** What is used and not free again; more than the burst while it is in debt. */
  used(now: number): number {
    this.#used = Math.max(0, this.#used - ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
    return this.#used;
  }

  left(now: number): number {
    return Math.max(0, Math.floor(this.#burst - this.used(now)));
  }

  /** Whether so much may be used now. More than the burst at once needs a full bucket, and leaves a debt. */
  has(amount: number, now: number): boolean {
    return this.used(now) + Math.min(amount, this.#burst) <= this.#burst;
  }

  use(amount: number, now: number): void {
    this.#used = this.used(now) + amount;
  }

  secondsUntil(amount: number, now: number): number {
    const over = this.used(now) + Math.min(amount, this.#burst) - this.#burst;
    return Math.max(1, Math.ceil(over / this.#rate));
  }

  secondsUntilFull(now: number): number {
    return Math.ceil(this.used(now) / this.#rate);
  }
}
