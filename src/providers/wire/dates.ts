const pattern =
  /^(\d{4})[-.](\d{2})[-.](\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?) ?(Z|[+-]\d{2}:?\d{2})?$/i;

/**
 * Reads the time formats that providers use: `2025.07.03 13:34:34`, `2025-08-06 15:32:18`,
 * `2025-08-06T15:33:45.123`, `2025-08-11T13:12:34.000000Z`, `2019-11-09T16:00:00.000+0000`. Fractions are cut
 * to milliseconds.
 * A time without a zone is local time in `timeZone`. A local time skipped in spring is read with the offset
 * before the change, so one hour later; a local time that occurs twice in autumn is the earlier one. Anything
 * else, including times before 1970, is undefined.
 */
export function readDate(value: string | undefined, timeZone: string): Date | undefined {
  const [, year = "", month, day, time, offset] = pattern.exec(value?.trim() ?? "") ?? [];
  if (Number(year) < 1970) return undefined;
  const local = `${year}-${month}-${day}T${time}`;
  try {
    const milliseconds = offset
      ? Temporal.Instant.from(`${local}${offset}`).epochMilliseconds
      : inZone(local, timeZone);
    return new Date(milliseconds);
  } catch {
    return undefined;
  }
}

const maxMinutes = 1000;
const minutes = new Map<string, number>();

/**
 * Looking up the offset of a zone is slow, and thousands of receipts may share a minute. Offsets change only
 * between minutes, so one look-up serves a minute.
 */
function inZone(local: string, timeZone: string): number {
  const time = Temporal.PlainDateTime.from(local);
  const key = `${timeZone} ${local.slice(0, 16)}`;
  const { second, millisecond } = time;
  const minute =
    minutes.get(key) ??
    time
      .with({ second: 0, millisecond: 0, microsecond: 0, nanosecond: 0 })
      .toZonedDateTime(timeZone, { disambiguation: "compatible" }).epochMilliseconds;
  if (minutes.size >= maxMinutes) minutes.clear();
  minutes.set(key, minute);
  return minute + second * 1000 + millisecond;
}

/** The local time in `timeZone`, to the second: `2025-08-06 15:32:18`. */
export function writeDate(date: Date, timeZone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(date.getTime()).toZonedDateTimeISO(timeZone);
  return local.toPlainDateTime().toString({ smallestUnit: "second" }).replace("T", " ");
}
