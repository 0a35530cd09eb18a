import { laneFlag } from "../queue/contract.ts";

/**
 * The lanes that take nothing at present, as far as this process knows. The worker does not fetch their jobs,
 * so a slow or broken provider does not occupy its places.
 */
export class ClosedLanes {
  readonly #until = new Map<string, number>();

  close(providerId: string, milliseconds: number): void {
    for (const isRouted of [false, true]) this.#closeFlag(laneFlag(providerId, isRouted), milliseconds);
  }

  /** Only for messages whose caller named this provider. */
  closeForFixed(providerId: string, milliseconds: number): void {
    this.#closeFlag(laneFlag(providerId, false), milliseconds);
  }

  #closeFlag(flag: string, milliseconds: number): void {
    this.#until.set(flag, performance.now() + milliseconds);
  }

  /** Flags of jobs that must not be fetched; null when there are none. */
  flags(): string[] | null {
    const now = performance.now();
    for (const [flag, until] of this.#until) if (until <= now) this.#until.delete(flag);
    return this.#until.size === 0 ? null : [...this.#until.keys()];
  }
}
