import { z } from "zod";
import { baseUrl, timeZone } from "../wire/settings.ts";

const printable = /^\P{Cc}+$/u;

/** The settings of a Qikli connection. */
export const settings = z.object({
  /**
   * A path in the base URL is a prefix of every path. The whole send URL works too, since the Qikli
   * documentation calls it the base URL.
   */
  baseUrl,
  /** Only for times without an offset, which the documentation does not mention. */
  timeZone,
  username: z
    .string()
    .trim()
    .regex(printable, "must not be empty or contain control characters")
    .refine((name) => !name.includes(":"), "must not contain a colon"),
  password: z.string().regex(printable, "must not be empty or contain control characters"),
  /** The format of requests; answers are read in both documented formats. */
  format: z.enum(["JSON", "XML"]).default("JSON"),
  /** Whether an unanswered submission may be sent once more with its message id, to learn its outcome. */
  resend: z.boolean().default(true),
  /**
   * Whether to look messages up in `/sms/1/logs`. The platform has it, but the Qikli documentation does not
   * mention it.
   */
  logs: z.boolean().default(false),
});

export type QikliSettings = z.infer<typeof settings>;

export const secretKeys = ["password"] as const satisfies readonly (keyof QikliSettings)[];
