import { z } from "zod";
import { baseUrl, timeZone, token } from "../wire/settings.ts";

/** The settings of a Tonkra connection. */
export const settings = z.object({
  /**
   * A path in the base URL is used as the prefix, exactly as given; without a path it is the prefix of the
   * chosen API.
   */
  baseUrl,
  /** The zone in the account's profile, in which Tonkra writes and reads times. */
  timeZone,
  /** From the Developers page of the dashboard: a number, a pipe, then 48 letters and digits. */
  apiToken: token,
  /** `HTTP` is the documented API. `V3` has the same routes and keeps the token out of bodies and URLs. */
  api: z.enum(["HTTP", "V3"]).default("HTTP"),
});

export type TonkraSettings = z.infer<typeof settings>;

export const secretKeys = ["apiToken"] as const satisfies readonly (keyof TonkraSettings)[];
