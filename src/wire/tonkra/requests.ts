import { z } from "zod";
import { hasAtMost } from "../characters.ts";
import { fieldsOf, parseJson } from "../laravel.ts";

/** What the vendor requires of each request. Only the first error is returned. */

const required = (field: string) =>
  z.string({ error: `The ${field} field is required.` }).min(1, { error: `The ${field} field is required.` });
const optional = (field: string) => z.string({ error: `The ${field} field must be a string.` }).nullish();

const sendRequest = z.object({
  recipient: required("recipient"),
  sender_id: required("sender id"),
  type: required("type"),
  message: required("message"),
  schedule_time: optional("schedule time"),
  dlt_template_id: optional("dlt template id"),
});

export interface SendRequest {
  from: string;
  text: string;
  type: string;
  dltTemplateId: string | undefined;
  /** Digits only, without repetitions, in the given order. */
  recipients: string[];
  /** Milliseconds since the epoch. */
  scheduledAt: number | undefined;
}

type Reading<Value> = { ok: true; value: Value } | { ok: false; status: number; problem: string };

const fault = (status: number, problem: string) => ({ ok: false, status, problem }) as const;

export function readSend(input: unknown, timeZone: string): Reading<SendRequest> {
  const read = sendRequest.safeParse(input);
  if (!read.success) return fault(200, read.error.issues[0]?.message ?? "The given data was invalid.");
  const { recipient, sender_id: from, type, message: text, schedule_time: schedule } = read.data;
  const dltTemplateId = read.data.dlt_template_id || undefined;
  if (!["plain", "unicode"].includes(type)) return fault(404, "The type is not supported.");
  if (!isSender(from)) return fault(404, "The sender id may not be longer than 11 characters.");
  const scheduledAt = schedule ? parseTime(schedule, timeZone) : undefined;
  if (Number.isNaN(scheduledAt)) return fault(200, "The schedule time is not a valid date.");
  const recipients = recipient.split(",").map((number) => number.replaceAll(/[\s+()-]/g, ""));
  if (recipients.length > 100) return fault(403, "You can send to at most 100 recipients per request.");
  const numbers = [...new Set(recipients)];
  return { ok: true, value: { from, text, type, dltTemplateId, recipients: numbers, scheduledAt } };
}

/** A telephone number, or at most 11 characters. */
function isSender(sender: string): boolean {
  return /^\+?\d{1,15}$/.test(sender) || hasAtMost(sender, 11);
}

const written = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?<offset>Z|[+-]\d{2}:\d{2})?$/i;

/**
 * A local time in a zone, or one with its offset: the documentation names RFC 3339, and shows `Y-m-d H:i`. NaN when it is
 * not valid.
 */
function parseTime(text: string, timeZone: string): number {
  try {
    const match = written.exec(text);
    if (match === null) return Number.NaN;
    const time = text.replace(" ", "T");
    if (match.groups?.["offset"] !== undefined) return Temporal.Instant.from(time).epochMilliseconds;
    return Temporal.PlainDateTime.from(time).toZonedDateTime(timeZone).epochMilliseconds;
  } catch {
    return Number.NaN;
  }
}

/** The wanted page; anything else is the first. */
export const readPage = ({ page }: { page?: unknown }): number =>
  /^[1-9]\d{0,6}$/.test(String(page)) ? Number(page) : 1;

export interface ListFilter {
  from: number;
  until: number;
  timeZone: string;
  type: string | undefined;
  direction: string | undefined;
}

const filterRequest = z.object({
  start_date: z.string().optional(),
  end_date: z.string().optional(),
  timezone: z.string().default("UTC"),
  sms_type: z.string().optional(),
  direction: z.enum(["outgoing", "incoming", "api"]).optional(),
});

const thirtyDaysMs = 30 * 24 * 60 * 60_000;

/** Without dates: the last thirty days. */
export function readFilter(input: unknown, now: number): Reading<ListFilter> {
  const read = filterRequest.safeParse(input);
  if (!read.success) return fault(422, "The selected filter is invalid.");
  const { timezone: timeZone, start_date: start, end_date: end, sms_type: type, direction } = read.data;
  if (Number.isNaN(parseTime("2025-01-01 00:00", timeZone)))
    return fault(422, "The timezone must be a valid zone.");
  const from = start === undefined ? now - thirtyDaysMs : parseTime(start, timeZone);
  const until = end === undefined ? Math.max(now, from) : parseTime(end, timeZone);
  if (Number.isNaN(from) || Number.isNaN(until))
    return fault(422, "The date does not match the format Y-m-d H:i:s.");
  if (from > until) return fault(422, "The start date must be a date before or equal to end date.");
  return { ok: true, value: { from, until, timeZone, type, direction } };
}

/** The documentation prints a field as `"schedule_time=2021-12-20 07:00"`, which is not JSON. */
const printedField = /"(\w+)=([^"\\]*)"(?=\s*[,}])/g;

/** Undefined when it is not JSON; to a lenient server, nor what the documentation has in its place. */
export const parseBody = (body: string, isLenient = false): unknown =>
  parseJson(body) ?? (isLenient ? parseJson(body.replace(printedField, '"$1": "$2"')) : undefined);

/** The fields of query and body; for a field in both, the query wins. */
export function readFields(query: URLSearchParams, body: string, isLenient = false): Record<string, unknown> {
  const filled = [...query].filter(([, value]) => value !== "");
  return { ...fieldsOf(parseBody(body, isLenient)), ...Object.fromEntries(filled) };
}
