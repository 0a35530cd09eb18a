/** A boolean in a row of a `raw` statement. */
export type Flag = "t" | "f";

/** A time that was selected as seconds, which parses faster than a date. Stored to the millisecond. */
export const toDate = (seconds: string): Date => new Date(Math.round(Number(seconds) * 1000));
