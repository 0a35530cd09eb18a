import { z } from "zod";
import { countParts } from "../parts.ts";
import type { Fields } from "./format.ts";

/** A `send_message`, parsed and checked. */
export interface Submission {
  recipients: readonly string[];
  text: string;
  from: string | undefined;
  /** As asked for; undefined to find out. */
  unicode: boolean | undefined;
  flash: boolean;
  /** 1 is the lowest. */
  priority: number;
  parts: number;
  callback: boolean;
  /** Milliseconds since the epoch; a past time means now. */
  startsAt: number;
  /** Minutes; undefined when the request does not say. */
  validity: number | undefined;
  groupId: number | undefined;
}

/** Minutes. */
export const defaultValidity = 1440;

type ReadResult = { ok: true; value: Submission } | { ok: false; code: string };

const scalar = (code: string) => z.union([z.string(), z.number().transform(String)], code);

/** A whole number; XML, and other clients too, may send it as text. */
const integer = (code: string, min: number, max: number) =>
  scalar(code)
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max, code)
    .transform(Number);

/**
 * "Any value except false, 0, "0", or "" is treated as true." Where all values are text, `false` can only be written so:
 * the documentation's own example in XML does.
 */
const truth = (isText: boolean) =>
  z.unknown().transform((value) => {
    const falses: readonly unknown[] = [false, 0, "0", "", ...(isText ? ["false"] : [])];
    return !falses.includes(value);
  });

const sender = scalar("TEXT_NUMBER_MUST_BE_ALPHANUMERIC")
  .refine((from) => /^\+?\d{1,15}$|^.{0,11}$/u.test(from), "TEXT_NUMBER_LENGTH_EXCEED")
  .refine((from) => /^\+?\d+$|^[A-Za-z0-9 ._&-]+$/.test(from), "TEXT_NUMBER_MUST_BE_ALPHANUMERIC");

const schemaOf = (isText: boolean, timeZone: string) =>
  z.object({
    to: z.string("RECIPIENT_REQUIRED").min(1, "RECIPIENT_REQUIRED"),
    text: z.string("TEXT_REQUIRED").refine((text) => text.trim() !== "", "TEXT_REQUIRED"),
    from: sender.optional(),
    callback: truth(isText).prefault(true),
    delivery_time: z
      .string("INVALID_DELIVERY_TIME")
      .transform((text) => parseTime(text, timeZone))
      .refine((time) => !Number.isNaN(time), "INVALID_DELIVERY_TIME")
      .default(0),
    priority: integer("INVALID_PRIORITY_VALUE", 1, 3).default(2),
    validity: integer("INVALID_VALIDITY_VALUE", 1, 1440).optional(),
    unicode: truth(isText).optional(),
    type: z.enum(["standard", "flash"], "INVALID_TYPE_VALUE").default("standard"),
    groupId: integer("GROUP_NOT_FOUND", 0, 999_999_999).optional(),
  });

/** Making one costs more than the rest of a request. There are two kinds, and few zones. */
const schemas = new Map<string, ReturnType<typeof schemaOf>>();

function knownSchema(isText: boolean, timeZone: string): ReturnType<typeof schemaOf> {
  const key = `${isText} ${timeZone}`;
  const schema = schemas.get(key) ?? schemaOf(isText, timeZone);
  schemas.set(key, schema);
  return schema;
}

interface Setting {
  /** Whether all values are text: in XML, and in an address. */
  isText: boolean;
  /** The zone of times without one. */
  timeZone: string;
  isGroup: (id: number) => boolean;
}

export function readSubmission(fields: Fields, { isText, timeZone, isGroup }: Setting): ReadResult {
  const read = knownSchema(isText, timeZone).safeParse(Object.fromEntries(fields));
  if (!read.success) return { ok: false, code: read.error.issues[0]?.message ?? "" };
  const { to, type, delivery_time: startsAt, ...same } = read.data;
  const recipients = to.split(",").map((number) => number.trim());
  const parts = countParts(writtenText(read.data)).parts;
  const { groupId: asked } = read.data;
  if (asked !== undefined && !isGroup(asked)) return { ok: false, code: "GROUP_NOT_FOUND" };
  if (recipients.length > 100) return { ok: false, code: "NO_RECIPIENTS" };
  if (parts > 255) return { ok: false, code: "MESSAGE_TOO_LONG" };
  const { text, from, unicode, priority, callback, validity, groupId } = same;
  const settings = { text, from, unicode, priority, callback, validity, groupId };
  return { ok: true, value: { ...settings, recipients, parts, startsAt, flash: type === "flash" } };
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

export function textOf(value: unknown): string | undefined {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** Which part of a list is asked for; undefined when it is not said in whole numbers. */
export function readRange(fields: Fields): { limit: number; startFrom: number } | undefined {
  const [limit, startFrom] = [fields.get("limit"), fields.get("startFrom")].map(countOf);
  if (Number.isNaN(limit) || Number.isNaN(startFrom)) return undefined;
  return { limit: limit ?? Number.POSITIVE_INFINITY, startFrom: startFrom ?? 0 };
}

/** Undefined for nothing; NaN for what is no count. */
function countOf(value: unknown): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const text = textOf(value);
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

/** The nine digits of a Slovak mobile number in any of its spellings; empty for another. */
export const nationalNumber = (number: string): string => /^(?:\+?421|0)(9\d{8})$/.exec(number)?.[1] ?? "";

const operators: readonly { prefix: RegExp; name: string }[] = [
  { prefix: /^9(?:0[5-8]|1[5-9]|45)/, name: "Orange" },
  { prefix: /^94[04789]/, name: "O2" },
  { prefix: /^95/, name: "4ka" },
  { prefix: /^9/, name: "Telekom" },
];

/** By the prefix; numbers keep it when they are ported. */
export const operatorOf = (national: string): string =>
  operators.find(({ prefix }) => prefix.test(national))?.name ?? "";

/**
 * For Slovak mobile numbers, the spelling chooses the channel. All others are international numbers in digits.
 */
const spellings: readonly { pattern: RegExp; channel: "sms" | "rcs" }[] = [
  { pattern: /^(?:\+421|0)9\d{8}$/, channel: "rcs" },
  { pattern: /^4219\d{8}$|^(?!421)[1-9]\d{7,14}$/, channel: "sms" },
];

/** Undefined for what is no number. */
export const channelOf = (to: string): "sms" | "rcs" | undefined =>
  spellings.find(({ pattern }) => pattern.test(to))?.channel;
