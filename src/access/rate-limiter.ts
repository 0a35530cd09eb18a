import { RateLimitedError } from "../lib/errors.ts";
import type { Viewer } from "./api-keys.ts";
import { limitKinds, strictest, windowSeconds, type LimitKind, type RateLimits } from "./rate-limits.ts";
import { TokenBucket } from "../lib/token-bucket.ts";

export type Amounts = Readonly<Partial<Record<LimitKind, number>>>;

/** Where a caller stands with one limit. */
export interface Standing {
  kind: LimitKind;
  /** The most that can be used at once, which is what becomes free in `windowSeconds`. */
  limit: number;
  windowSeconds: number;
  remaining: number;
  /** Until all of it is free again. */
  resetSeconds: number;
}

const now = (): number => performance.now();

/** How often callers are forgotten of whom nothing is used. */
const sweepMs = 10_000;

/** The key that counts. Watch tokens have limits of their own: visitors of a page must not lock their key out. */
function nameOf(viewer: Viewer | undefined): string {
  if (!viewer) return "anonymous";
  return viewer.watches ? `${viewer.keyId} watch tokens` : viewer.keyId;
}

/** Token buckets for each key, in this process. `SharedUse` tells the other processes what was used. */
export class RateLimiter {
  readonly #defaults: RateLimits;
  readonly #callers = new Map<string, Caller>();
  #sweptAt = now();
  /** Told of everything that is used. */
  onUse: ((caller: Caller, amounts: Amounts) => void) | undefined;

  constructor(defaults: RateLimits) {
    this.#defaults = defaults;
  }

  /** The buckets of a viewer, by its limits of now. */
  of(viewer: Viewer | undefined): Caller {
    const caller = this.#called(nameOf(viewer));
    caller.limitTo(this.#defaults, viewer);
    return caller;
  }

  /** Uses so much of every limit, or nothing; returns the error when one is reached. */
  take(viewer: Viewer | undefined, amounts: Amounts): RateLimitedError | undefined {
    const caller = this.of(viewer);
    const refused = caller.take(amounts);
    if (!refused) this.onUse?.(caller, amounts);
    return refused;
  }

  /** Another process has used so much. */
  note(name: string, amounts: Amounts): void {
    const known = this.#callers.get(name);
    const caller = known ?? this.#called(name);
    if (!known) caller.limitTo(this.#defaults, undefined);
    caller.use(amounts);
  }

  #called(name: string): Caller {
    const known = this.#callers.get(name);
    if (known) return known;
    this.#sweep();
    const caller = new Caller(name);
    this.#callers.set(name, caller);
    return caller;
  }

  #sweep(): void {
    if (now() - this.#sweptAt < sweepMs) return;
    this.#sweptAt = now();
    for (const [name, caller] of this.#callers) if (caller.isIdle) this.#callers.delete(name);
  }
}

/** The buckets of one key. */
export class Caller {
  readonly name: string;
  readonly #buckets = new Map<LimitKind, TokenBucket>();
  #limits: [everyone: RateLimits, account: RateLimits | undefined, key: RateLimits | undefined] | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get isIdle(): boolean {
    return [...this.#buckets.values()].every((bucket) => bucket.used(now()) === 0);
  }

  limitTo(everyone: RateLimits, viewer: Viewer | undefined): void {
    const { accountLimits, limits } = viewer ?? {};
    if (this.#limits?.[1] === accountLimits && this.#limits?.[2] === limits && this.#limits) return;
    this.#limits = [everyone, accountLimits, limits];
    const all = strictest(accountLimits ? { ...everyone, ...accountLimits } : everyone, limits);
    for (const kind of limitKinds) this.#limit(kind, all[kind]);
  }

  #limit(kind: LimitKind, rate: number | undefined): void {
    if (rate === undefined) return void this.#buckets.delete(kind);
    const burst = Math.max(1, rate * windowSeconds[kind]);
    const bucket = this.#buckets.get(kind);
    if (bucket) bucket.set(rate, burst, now());
    else this.#buckets.set(kind, new TokenBucket(rate, burst, now()));
  }

  take(amounts: Amounts): RateLimitedError | undefined {
    const at = now();
    for (const kind in amounts) {
      const [bucket, amount] = [this.#buckets.get(kind as LimitKind), amounts[kind as LimitKind] ?? 0];
      if (bucket && amount > 0 && !bucket.has(amount, at))
        return new RateLimitedError(kind, bucket.burst, bucket.secondsUntil(amount, at));
    }
    this.use(amounts);
    return undefined;
  }

  use(amounts: Amounts): void {
    for (const kind in amounts)
      this.#buckets.get(kind as LimitKind)?.use(amounts[kind as LimitKind] ?? 0, now());
  }

  /** What share of a limit so much is. */
  shareOf(kind: LimitKind, amount: number): number {
    return amount / (this.#buckets.get(kind)?.burst ?? Infinity);
  }

  /** In the order of `limitKinds`; only those that are limited. */
  standings(kinds: readonly LimitKind[] = limitKinds): Standing[] {
    return kinds.flatMap((kind) => {
      const bucket = this.#buckets.get(kind);
      if (!bucket) return [];
      return {
        kind,
        limit: bucket.burst,
        windowSeconds: windowSeconds[kind],
        remaining: bucket.left(now()),
        resetSeconds: bucket.secondsUntilFull(now()),
      };
    });
  }
}
