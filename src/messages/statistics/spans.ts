/** Seconds that a sum may be over. A quarter of an hour is the largest part that the days of all zones have. */
export const minuteRows = 60;
export const quarterRows = 15 * 60;
export const dayRows = 24 * 60 * 60;

/** For how long sums are kept; those of days are kept forever. */
export const kept = { minuteDays: 3, quarterDays: 100 } as const;
