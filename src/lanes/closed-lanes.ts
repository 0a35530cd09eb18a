/**
 * The flag of a dispatch job: the queue can then pass over the jobs of one provider. Messages that may go elsewhere
 * have one of their own: they are not to wait for a provider in trouble.
 */
export const laneFlag = (providerId: string, isRouted: boolean): string =>
  `${isRouted ? "routed" : "provider"} ${providerId}`;

/**
 * The lanes that take nothing at present, as far as this process knows: the worker does not even fetch their jobs,
 * so that a slow or broken provider keeps no place from the others, and its jobs are not fetched in vain.
 */
export class ClosedLanes {
  readonly #until = new Map<string, number>();

  close(providerId: string, milliseconds: number): void {
    for (const isRouted of [false, true]) this.#closeFlag(laneFlag(providerId, isRouted), milliseconds);
  }

  /** For messages whose sender asked for this provider. */
  closeForFixed(providerId: string, milliseconds: number): void {
    this.#closeFlag(laneFlag(providerId, false), milliseconds);
  }

  #closeFlag(flag: string, milliseconds: number): void {
    this.#until.set(flag, performance.now() + milliseconds);
  }

  /** Flags of the jobs not to fetch; null when there are none. */
  flags(): string[] | null {
    const now = performance.now();
    for (const [flag, until] of this.#until) if (until <= now) this.#until.delete(flag);
    return this.#until.size === 0 ? null : [...this.#until.keys()];
  }
}
