import type { CountsFragment } from "../../gql/graphql.ts";

/** What is counted and drawn. */
export const series = ["accepted", "submitted", "delivered", "failed"] as const;
export type Series = (typeof series)[number];
export type Tally = Record<Series, number>;

const colours = { accepted: "--quiet", submitted: "--busy", delivered: "--good", failed: "--bad" } as const;

export const lines = series.map((name) => ({
  label: name,
  colour: colours[name],
  fill: name === "delivered",
}));

export const countsOf = (counts: CountsFragment): Tally => ({
  accepted: counts.accepted,
  submitted: counts.submitted,
  delivered: counts.delivered + counts.read,
  failed: counts.undelivered + counts.expired + counts.rejected + counts.failed,
});

const nothing = (): Tally => ({ accepted: 0, submitted: 0, delivered: 0, failed: 0 });

export function sumOf(tallies: readonly Tally[]): Tally {
  const sum = nothing();
  for (const tally of tallies) for (const name of series) sum[name] += tally[name];
  return sum;
}

/** Seconds that the live chart shows. */
export const window = 300;

/** Counts by second over the last minutes: as much memory after a day as after a minute. */
export class RateWindow {
  readonly #seconds: Tally[] = Array.from({ length: window + 1 }, nothing);
  /** Nothing is known of what was before. */
  readonly #since: number;
  #now: number;

  constructor(now: number) {
    this.#since = now;
    this.#now = now;
  }

  /** In the second that goes on. */
  add(counts: Tally): void {
    const second = this.#at(this.#now);
    for (const name of series) second[name] += counts[name];
  }

  /** Goes on to this second. */
  tick(now: number): void {
    const steps = Math.min(now - this.#now, this.#seconds.length);
    for (let step = 1; step <= steps; step++) this.#seconds[this.#place(this.#now + step)] = nothing();
    this.#now = Math.max(now, this.#now);
  }

  /** The last whole second. */
  get latest(): Tally {
    return this.#at(this.#now - 1);
  }

  /** For uPlot: times, then one column for each series. */
  get columns(): (number | null)[][] {
    const times = Array.from({ length: window }, (_, index) => this.#now - window + index);
    const valuesOf = (name: Series): (number | null)[] =>
      times.map((time) => (time < this.#since ? null : this.#at(time)[name]));
    return [times, ...series.map(valuesOf)];
  }

  #at(time: number): Tally {
    return this.#seconds[this.#place(time)] ?? nothing();
  }

  #place(time: number): number {
    return time % this.#seconds.length;
  }
}
