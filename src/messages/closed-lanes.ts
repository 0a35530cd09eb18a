/** The flag of a dispatch job: the queue can then pass over the jobs of one provider. */
export const laneFlag = (providerId: string): string => `provider ${providerId}`;

/**
 * The lanes that take nothing at present, as far as this process knows: the worker does not even fetch their jobs,
 * so that a slow or broken provider keeps no place from the others, and its jobs are not fetched in vain.
 */
export class ClosedLanes {
  readonly #until = new Map<string, number>();

  close(providerId: string, milliseconds: number): void {
    this.#until.set(providerId, performance.now() + milliseconds);
  }

  /** Flags of the jobs not to fetch; null when there are none. */
  flags(): string[] | null {
    const now = performance.now();
    for (const [providerId, until] of this.#until) if (until <= now) this.#until.delete(providerId);
    return this.#until.size === 0 ? null : [...this.#until.keys()].map(laneFlag);
  }
}
