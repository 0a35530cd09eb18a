import { readDate } from "../wire/dates.ts";

/** As `readDate`, but the documented `2100-01-01 00:00:00`, and anything later, stands for an open end. */
export function readEndDate(value: string | undefined, timeZone: string): Date | undefined {
  // Judged by the printed year: in zones east of Greenwich that moment is still 2099 in UTC.
  return Number(value?.trim().slice(0, 4)) >= 2100 ? undefined : readDate(value, timeZone);
}
