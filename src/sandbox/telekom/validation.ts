import { z } from "zod";
import { countParts } from "../parts.ts";
import type { Fields, Format } from "./format.ts";
import { groups, type Group } from "./groups.ts";

/** A `send_message`, parsed and checked. */
export interface Submission {
  recipients: readonly string[];
  parts: number;
  callback: boolean;
  /** Milliseconds since the epoch; a past time means now. */
  startsAt: number;
  validityMs: number;
  group: Group | undefined;
}

type ReadResult = { ok: true; value: Submission } | { ok: false; code: string };

const textOf = z.union([z.string(), z.number().transform(String)]);

/** A whole number; XML, and other clients too, may send it as text. */
const integer = (code: string, min: number, max: number) =>
  textOf
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max, code)
    .transform(Number);

/**
 * "Any value except false, 0, "0", or "" is treated as true." In XML the documentation's own example has
 * `false`.
 */
const truth = (format: Format) =>
  z.unknown().transform((value) => {
    const falses: readonly unknown[] = [false, 0, "0", "", ...(format === "xml" ? ["false"] : [])];
    return !falses.includes(value);
  });

const sender = textOf
  .refine((from) => /^\+?\d{1,15}$|^.{0,11}$/u.test(from), "TEXT_NUMBER_LENGTH_EXCEED")
  .refine((from) => /^\+?\d+$|^[A-Za-z0-9 ._&-]+$/.test(from), "TEXT_NUMBER_MUST_BE_ALPHANUMERIC");

const schemaOf = (format: Format, timeZone: string) =>
  z.object({
    to: z.string("RECIPIENT_REQUIRED").min(1, "RECIPIENT_REQUIRED"),
    text: z.string("TEXT_REQUIRED").min(1, "TEXT_REQUIRED"),
    from: sender.optional(),
    callback: truth(format).prefault(true),
    delivery_time: z
      .string("INVALID_DELIVERY_TIME")
      .transform((text) => parseTime(text, timeZone))
      .refine((time) => !Number.isNaN(time), "INVALID_DELIVERY_TIME")
      .default(0),
    priority: integer("INVALID_PRIORITY_VALUE", 1, 3).default(2),
    validity: integer("INVALID_VALIDITY_VALUE", 1, 1440).default(1440),
    unicode: truth(format).optional(),
    type: z.enum(["standard", "flash"], "INVALID_TYPE_VALUE").default("standard"),
    groupId: integer("GROUP_NOT_FOUND", 0, 999_999_999)
      .refine((id) => groups.some((group) => group.id === id), "GROUP_NOT_FOUND")
      .optional(),
  });

export function readSubmission(fields: Fields, format: Format, timeZone: string): ReadResult {
  const read = schemaOf(format, timeZone).safeParse(Object.fromEntries(fields));
  if (!read.success) return { ok: false, code: read.error.issues[0]?.message ?? "" };
  const { to, callback, delivery_time: startsAt, validity, groupId } = read.data;
  const recipients = to.split(",").map((number) => number.trim());
  const parts = countParts(writtenText(read.data)).parts;
  if (recipients.length > 100) return { ok: false, code: "NO_RECIPIENTS" };
  if (parts > 255) return { ok: false, code: "MESSAGE_TOO_LONG" };
  const group = groups.find(({ id }) => id === groupId);
  return { ok: true, value: { recipients, parts, callback, startsAt, validityMs: validity * 60_000, group } };
}

/** Without Unicode, diacritics are removed. A letter beyond GSM-7 stands for a text that needs UCS-2. */
function writtenText({ text, unicode }: { text: string; unicode?: boolean | undefined }): string {
  if (unicode === true) return `${text.slice(0, -1)}ž`;
  return unicode === false ? text.normalize("NFD").replace(/\p{M}/gu, "") : text;
}

/** `YYYY-MM-DD HH:MM:SS` in the account's zone; public clients of the gateway have a comma in the middle. */
function parseTime(text: string, timeZone: string): number {
  if (!/^\d{4}-\d{2}-\d{2}[ ,]\d{2}:\d{2}:\d{2}$/.test(text)) return Number.NaN;
  try {
    const local = Temporal.PlainDateTime.from(text.replace(/[ ,]/, "T"));
    return local.toZonedDateTime(timeZone).epochMilliseconds;
  } catch {
    return Number.NaN;
  }
}
