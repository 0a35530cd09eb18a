import { laneFlag } from "../queue/contract.ts";

/**
 * The lanes that take nothing at present, as far as this process knows. The worker does not fetch their jobs,
 * so a slow or broken provider does not occupy its places.
 */
export class ClosedLanes {
  readonly #until = new Map<string, number>();
  /** The lanes of providers that had no place here. */
  readonly #crowded = new Map<string, number>();

  close(providerId: string, milliseconds: number): void {
    for (const flag of flagsOf(providerId)) this.#until.set(flag, untilIn(milliseconds));
  }

  /** Only for messages whose caller named this provider. */
  closeForFixed(providerId: string, milliseconds: number): void {
    this.#until.set(laneFlag(providerId, false), untilIn(milliseconds));
  }

  /** Its provider has no place here, until one comes free. */
  crowd(providerId: string, milliseconds: number): void {
    for (const flag of flagsOf(providerId)) this.#crowded.set(flag, untilIn(milliseconds));
  }

  /** A place of the provider has come free. */
  uncrowd(providerId: string): void {
    for (const flag of flagsOf(providerId)) this.#crowded.delete(flag);
  }

  /** Flags of jobs that must not be fetched; null when there are none. */
  flags(): string[] | null {
    const now = performance.now();
    for (const lanes of [this.#until, this.#crowded])
      for (const [flag, until] of lanes) if (until <= now) lanes.delete(flag);
    const flags = new Set([...this.#until.keys(), ...this.#crowded.keys()]);
    return flags.size === 0 ? null : [...flags];
  }
}

const flagsOf = (providerId: string): string[] =>
  [false, true].map((isRouted) => laneFlag(providerId, isRouted));

const untilIn = (milliseconds: number): number => performance.now() + milliseconds;
