import { z } from "zod";
import { baseUrl, timeZone, token } from "../wire/settings.ts";

/** The settings of a TikoSMS connection. */
export const settings = z.object({
  /**
   * A path in the base URL is used as the prefix, exactly as given. Without a path the prefix is `/v1`
   * (TikoSMS OpenAPI and every generated example), until the server shows that it only knows `/api/v1` (the
   * example in the introduction).
   */
  baseUrl,
  /** The documentation names no zone for its times. */
  timeZone,
  /** From the API section of the TikoSMS profile page; sent as a bearer token. */
  apiToken: token,
});

export type TikosmsSettings = z.infer<typeof settings>;

export const secretKeys = ["apiToken"] as const satisfies readonly (keyof TikosmsSettings)[];
