/** A time zone under its name, as IANA writes it: an alias stays one. Undefined for what is no zone. */
export function parseTimeZone(text: string): string | undefined {
  try {
    // Offsets are zones for `Temporal` too, and do not follow summer time.
    return /^[A-Za-z]/.test(text)
      ? Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text).timeZoneId
      : undefined;
  } catch {
    return undefined;
  }
}
