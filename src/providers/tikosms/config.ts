import { z } from "zod";
import { baseUrl, timeZone, token } from "../wire/settings.ts";

/** What a TikoSMS connection needs to know. */
export const settings = z.object({
  /**
   * With a path, that path is the prefix, exactly as given. Without one the prefix is `/v1` (TikoSMS OpenAPI and
   * every generated example) until the server shows that it only knows `/api/v1` (the introduction's example).
   */
  baseUrl,
  /** The documentation names no zone for its zone-less times. */
  timeZone,
  /** From the API section of the TikoSMS profile page; sent as a bearer token. */
  apiToken: token,
});

export type TikosmsSettings = z.infer<typeof settings>;

export const secretKeys = ["apiToken"] as const satisfies readonly (keyof TikosmsSettings)[];
