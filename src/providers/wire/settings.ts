import { z } from "zod";

/** Building blocks for connection settings. */

export const baseUrl = z
  .url({ protocol: /^https?$/, error: "must be an http or https URL" })
  .refine(isPlainUrl, "must have no user name, password, query or fragment");

/** The zone for the provider's times without a zone. */
export const timeZone = z
  .string()
  .default("UTC")
  .refine(isTimeZone, "must be a time zone such as Europe/Kyiv");

/** A token that can be used in a header unchanged. */
export const token = z
  .string()
  .trim()
  .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces");

function isPlainUrl(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && `${url.username}${url.password}${url.search}${url.hash}` === "";
}

function isTimeZone(value: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(value);
    return true;
  } catch {
    return false;
  }
}
