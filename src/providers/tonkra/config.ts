import { z } from "zod";
import { baseUrl, timeZone, token } from "../wire/settings.ts";

/** What a Tonkra connection needs to know. */
export const settings = z.object({
  /** With a path, that path is the prefix, exactly as given; without one it is that of the chosen API. */
  baseUrl,
  /** The zone of the account's profile, in which Tonkra prints and reads times. */
  timeZone,
  /** From the Developers page of the dashboard: a number, a pipe, 48 letters and digits. */
  apiToken: token,
  /** `HTTP` is the documented one. `V3` has the same routes, and keeps the token out of bodies and addresses. */
  api: z.enum(["HTTP", "V3"]).default("HTTP"),
});

export type TonkraSettings = z.infer<typeof settings>;

export const secretKeys = ["apiToken"] as const satisfies readonly (keyof TonkraSettings)[];
