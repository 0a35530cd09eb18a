const pattern =
  /^(\d{4})[-.](\d{2})[-.](\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?) ?(Z|[+-]\d{2}:?\d{2})?$/i;

/**
 * Reads any of the time forms TikoSMS prints: `2025.07.03 13:34:34`, `2025-08-06 15:32:18`,
 * `2025-08-06T15:33:45.123`, `2025-08-11T13:12:34.000000Z`; fractions are cut to milliseconds.
 *
 * A time without a zone is a wall-clock time in `timeZone`. One that the clocks skipped in spring is read with
 * the offset before the change (an hour later on the wall); one that happened twice in autumn is the earlier.
 * Anything else, including times before 1970, is undefined.
 */
export function readDate(value: string | undefined, timeZone: string): Date | undefined {
  const [, year = "", month, day, time, offset] = pattern.exec(value?.trim() ?? "") ?? [];
  if (Number(year) < 1970) return undefined;
  const local = `${year}-${month}-${day}T${time}`;
  try {
    const instant = offset
      ? Temporal.Instant.from(`${local}${offset}`)
      : Temporal.PlainDateTime.from(local).toZonedDateTime(timeZone, { disambiguation: "compatible" });
    return new Date(instant.epochMilliseconds);
  } catch {
    return undefined;
  }
}

/** As `readDate`, but the documented `2100-01-01 00:00:00`, and anything later, stands for an open end. */
export function readEndDate(value: string | undefined, timeZone: string): Date | undefined {
  // Judged by the printed year: in zones east of Greenwich that moment is still 2099 in UTC.
  return Number(value?.trim().slice(0, 4)) >= 2100 ? undefined : readDate(value, timeZone);
}
