/** A token bucket: how much of a rate may be used at once. Each submission takes a token. */
export interface TokenBucket {
  /** May hold a fraction. */
  tokens: number;
  refilledAt: Date;
}

/** A bucket holds this much of its rate, and at least one token: no burst follows a pause. */
const burstSeconds = 0.1;
const minCapacity = 1;

/** Tokens that fit in the bucket of a rate per second. */
export const capacityOf = (rate: number): number => Math.max(minCapacity, rate * burstSeconds);

/** The tokens in the bucket at that time. */
export function tokensAt({ tokens, refilledAt }: TokenBucket, rate: number, now: Date): number {
  const seconds = Math.max(0, (now.getTime() - refilledAt.getTime()) / 1000);
  return Math.min(capacityOf(rate), tokens + seconds * rate);
}

/** The same in SQL; null without a rate. `now` is a time stamp. */
export const tokensAtInSql = (columns: {
  tokens: string;
  refilledAt: string;
  rate: string;
  now: string;
}): string => {
  const { tokens, refilledAt, rate, now } = columns;
  const seconds = `greatest(0, extract(epoch from ${now} - ${refilledAt}))`;
  return `case when ${rate} is not null then
    least(greatest(${minCapacity}, ${rate} * ${burstSeconds}), ${tokens} + ${seconds} * ${rate}) end`;
};
