import { z } from "zod";
import { baseUrl, timeZone } from "../wire/settings.ts";

const printable = /^\P{Cc}+$/u;

/** What a Qikli connection needs to know. */
export const settings = z.object({
  /** A path is a prefix of every path. The Qikli documentation prints the whole send URL as its base: taken, too. */
  baseUrl,
  /** Only for times without an offset, of which the documentation knows none. */
  timeZone,
  username: z
    .string()
    .trim()
    .regex(printable, "must not be empty or contain control characters")
    .refine((name) => !name.includes(":"), "must not contain a colon"),
  password: z.string().regex(printable, "must not be empty or contain control characters"),
  /** In which of the two documented formats to write; either is read. */
  format: z.enum(["JSON", "XML"]).default("JSON"),
  /** Whether an unanswered submission may be sent once more under its message id, to learn what became of it. */
  resend: z.boolean().default(true),
  /** Whether to look messages up in `/sms/1/logs`, which the platform has and the Qikli documentation does not. */
  logs: z.boolean().default(false),
});

export type QikliSettings = z.infer<typeof settings>;

export const secretKeys = ["password"] as const satisfies readonly (keyof QikliSettings)[];
