/** The IANA name of a time zone; an alias is kept. Undefined when there is no such zone. */
export function parseTimeZone(text: string): string | undefined {
  try {
    // `Temporal` also accepts offsets as zones, but they do not follow summer time.
    return /^[A-Za-z]/.test(text)
      ? Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text).timeZoneId
      : undefined;
  } catch {
    return undefined;
  }
}
