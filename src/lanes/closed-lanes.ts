import { laneFlag } from "../queue/contract.ts";

/**
 * The lanes that take nothing at present, as far as this process knows. The worker does not fetch their jobs,
 * so a slow or broken provider does not occupy its places.
 */
export class ClosedLanes {
  readonly #until = new Map<string, number>();
  /** By account, its providers that had no place here. */
  readonly #crowded = new Map<string, { flags: string[]; until: number }>();

  close(providerId: string, milliseconds: number): void {
    for (const flag of flagsOf(providerId)) this.#until.set(flag, untilIn(milliseconds));
  }

  /** Only for messages whose caller named this provider. */
  closeForFixed(providerId: string, milliseconds: number): void {
    this.#until.set(laneFlag(providerId, false), untilIn(milliseconds));
  }

  /** These providers of an account have no place here, until one of the account comes free. */
  crowd(accountId: string, providerIds: readonly string[], milliseconds: number): void {
    this.#crowded.set(accountId, { flags: providerIds.flatMap(flagsOf), until: untilIn(milliseconds) });
  }

  /** A place of the account has come free. */
  uncrowd(accountId: string): void {
    this.#crowded.delete(accountId);
  }

  /** Flags of jobs that must not be fetched; null when there are none. */
  flags(): string[] | null {
    const now = performance.now();
    for (const [flag, until] of this.#until) if (until <= now) this.#until.delete(flag);
    for (const [accountId, { until }] of this.#crowded) if (until <= now) this.#crowded.delete(accountId);
    const crowded = [...this.#crowded.values()].flatMap((lanes) => lanes.flags);
    const flags = new Set([...this.#until.keys(), ...crowded]);
    return flags.size === 0 ? null : [...flags];
  }
}

const flagsOf = (providerId: string): string[] =>
  [false, true].map((isRouted) => laneFlag(providerId, isRouted));

const untilIn = (milliseconds: number): number => performance.now() + milliseconds;
