import { z } from "zod";

/** What a TikoSMS connection needs to know. */
export const settings = z.object({
  /**
   * With a path, that path is the prefix, exactly as given. Without one the prefix is `/v1` (TikoSMS OpenAPI and
   * every generated example) until the server shows that it only knows `/api/v1` (the introduction's example).
   */
  baseUrl: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .refine(isPlainUrl, "must have no user name, password, query or fragment"),
  /** The documentation names no zone for its zone-less times. */
  timeZone: z.string().default("UTC").refine(isTimeZone, "must be a time zone such as Europe/Kyiv"),
  /** From the API section of the TikoSMS profile page; sent as a bearer token. */
  apiToken: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces"),
});

export type TikosmsSettings = z.infer<typeof settings>;

export const secretKeys = ["apiToken"] as const satisfies readonly (keyof TikosmsSettings)[];

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
