import { readDate } from "../wire/dates.ts";

/** Like `readDate`, but the documented `2100-01-01 00:00:00` and anything later means an open end. */
export function readEndDate(value: string | undefined, timeZone: string): Date | undefined {
  // The printed year counts: in zones east of Greenwich this moment is still in 2099 UTC.
  return Number(value?.trim().slice(0, 4)) >= 2100 ? undefined : readDate(value, timeZone);
}
