import { z } from "zod";
import { baseUrl, timeZone, token } from "../wire/settings.ts";

/** What a Telekom SK connection needs to know. */
export const settings = z.object({
  /** Without the `/json` or `/xml` of the documentation's own base URLs: `format` decides between the two. */
  baseUrl,
  /** The documentation names no zone for its zone-less times; the service and its operator are Slovak. */
  timeZone: timeZone.default("Europe/Bratislava"),
  /** The API key from the web application, 64 characters in the documentation. */
  token,
  /** Both say the same; XML has no `parts`, which nothing here needs. */
  format: z.enum(["JSON", "XML"]).default("JSON"),
  /** Exchanges the token for a session that lives through 15 minutes of inactivity, instead of sending it each time. */
  useSession: z.boolean().default(false),
  /** Whether Slovak mobile numbers are spelled so that the message goes out as RCS where the phone has it. */
  preferRcs: z.boolean().default(false),
});

export type TelekomSettings = z.infer<typeof settings>;

export const secretKeys = ["token"] as const satisfies readonly (keyof TelekomSettings)[];
