import { z } from "zod";
import { baseUrl, timeZone, token } from "../wire/settings.ts";

/** The settings of a Telekom SK connection. */
export const settings = z.object({
  /** Without the `/json` or `/xml` of the documented base URLs; `format` adds it. */
  baseUrl,
  /** The documentation names no zone for its times; the service and its operator are Slovak. */
  timeZone: timeZone.default("Europe/Bratislava"),
  /** The API key from the web application; 64 characters in the documentation. */
  token,
  /** Both formats say the same. XML lacks `parts`, which is not needed here. */
  format: z.enum(["JSON", "XML"]).default("JSON"),
  /**
   * Exchanges the token for a session instead of sending it with each request. A session ends after 15 idle
   * minutes.
   */
  useSession: z.boolean().default(false),
  /** Whether Slovak mobile numbers are written in the form that sends RCS to phones that support it. */
  preferRcs: z.boolean().default(false),
});

export type TelekomSettings = z.infer<typeof settings>;

export const secretKeys = ["token"] as const satisfies readonly (keyof TelekomSettings)[];
