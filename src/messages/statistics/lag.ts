/**
 * How long final receipts take is counted in classes: class `n` holds lags up to half a second times the
 * square root of two to the power of `n - 1`. So a percentile is exact to a fifth, whatever the lag.
 */
const firstSeconds = 0.5;
const stepsPerDoubling = 2;
/** Everything above four days. */
const lastClass = 40;

/** The class of a lag; from 1 on, since 0 stands for a move without one. */
export function lagClass(milliseconds: number): number {
  const seconds = milliseconds / 1000;
  if (seconds <= firstSeconds) return 1;
  return Math.min(1 + Math.ceil(stepsPerDoubling * Math.log2(seconds / firstSeconds)), lastClass);
}

/** The longest lag in a class, in seconds. */
export const lagSeconds = (lag: number): number => firstSeconds * 2 ** ((lag - 1) / stepsPerDoubling);

/** How many final receipts took how long. */
export type LagCounts = ReadonlyMap<number, number>;

/** The lag in seconds that this share of the receipts did not exceed. */
export function lagQuantile(lags: LagCounts, share: number): number {
  const total = [...lags.values()].reduce((sum, count) => sum + count, 0);
  let below = 0;
  for (const [lag, count] of [...lags].toSorted(([one], [other]) => one - other)) {
    if (below + count >= share * total) {
      const lowest = lag === 1 ? 0 : lagSeconds(lag - 1);
      return lowest + (lagSeconds(lag) - lowest) * ((share * total - below) / count);
    }
    below += count;
  }
  return lagSeconds(lastClass);
}
