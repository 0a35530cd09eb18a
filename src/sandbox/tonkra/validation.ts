import { z } from "zod";
import type { Submission } from "./state.ts";

/** What the vendor requires of each request. Only the first error is returned. */

const required = (field: string) =>
  z.string({ error: `The ${field} field is required.` }).min(1, { error: `The ${field} field is required.` });

const sendRequest = z.object({
  recipient: required("recipient"),
  sender_id: required("sender id"),
  type: required("type"),
  message: required("message"),
  schedule_time: z.string().nullish(),
  dlt_template_id: z.string().nullish(),
});

export interface SendRequest extends Omit<Submission, "startsAt"> {
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
  if (!["plain", "unicode"].includes(type)) return fault(404, "The type is not supported.");
  if (!isSender(from)) return fault(404, "The sender id may not be longer than 11 characters.");
  const scheduledAt = schedule ? parseTime(schedule, timeZone) : undefined;
  if (Number.isNaN(scheduledAt)) return fault(200, "The schedule time is not a valid date.");
  const recipients = recipient.split(",").map((number) => number.replaceAll(/[\s+()-]/g, ""));
  if (recipients.length > 100) return fault(403, "You can send to at most 100 recipients per request.");
  return { ok: true, value: { from, text, type, recipients: [...new Set(recipients)], scheduledAt } };
}

/** A telephone number, or at most 11 characters. */
function isSender(sender: string): boolean {
  return /^\+?\d{1,15}$/.test(sender) || Array.from(sender).length <= 11;
}

const wallClock = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?$/;

/** A local time in a zone; NaN when it is not valid. */
function parseTime(text: string, timeZone: string): number {
  try {
    if (!wallClock.test(text)) return Number.NaN;
    return Temporal.PlainDateTime.from(text.replace(" ", "T")).toZonedDateTime(timeZone).epochMilliseconds;
  } catch {
    return Number.NaN;
  }
}

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
