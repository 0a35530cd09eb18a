import type { Content } from "./format.ts";

/** The documented bodies that differ between JSON and XML, and those of callbacks. */

/** The words of the documentation's two status tables: that of `check_message` and that of callbacks. */
export type StatusWord =
  | "UNSENT"
  | "SCHEDULED"
  | "QUEUED"
  | "SENDING"
  | "SENT"
  | "DELIVERED"
  | "EXPIRED"
  | "DELETED"
  | "UNDELIVERABLE"
  | "DENIED"
  | "IN_GROUP"
  | "READ"
  | "PROCESSING"
  | "ERROR"
  | "UNKNOWN";

/** The result for one recipient of a request. */
export type Entry =
  | { kind: "accepted"; message: { id: number; parts: number } }
  | { kind: "refused"; to: string; code?: string; description?: string };

/** `surplus`: by how much the count exceeds the real number of messages. */
export function sentContent(entries: readonly Entry[], surplus = 0): Content {
  const count = entries.length + surplus;
  const ids = (entry: Entry) => (entry.kind === "accepted" ? entry.message.id : undefined);
  return {
    json: {
      message_count: count,
      messages: entries.map((entry) => ({
        ...verdictOf(entry),
        message_id: ids(entry),
        parts: entry.kind === "accepted" ? entry.message.parts : undefined,
      })),
    },
    xml: {
      messages: {
        "@count": count,
        message: entries.map((entry) => ({ "@id": ids(entry), ...verdictOf(entry) })),
      },
    },
  };
}

function verdictOf(entry: Entry) {
  if (entry.kind === "accepted") return { status: "success", code: "OK", description: "" };
  const { to, code = "INCORRECT_RECIPIENT_ADDRESS", description = `Chybný príjemca: ${to}` } = entry;
  return { status: "error", code, description };
}

const englishLabels: Readonly<Record<StatusWord, string>> = {
  UNSENT: "Not sent",
  SCHEDULED: "Scheduled",
  QUEUED: "Queued",
  SENDING: "Sending",
  SENT: "Sent",
  DELIVERED: "Delivered",
  EXPIRED: "Expired",
  DELETED: "Deleted",
  UNDELIVERABLE: "Undeliverable",
  DENIED: "Denied",
  IN_GROUP: "In group",
  READ: "Read",
  PROCESSING: "Processing",
  ERROR: "Error",
  UNKNOWN: "Unknown",
};

/** One label is known from public clients of the gateway; the others are translations. */
const slovakLabels: Partial<Record<StatusWord, string>> = { DELIVERED: "Doručená", SENT: "Odoslaná" };

export interface CheckedMessage {
  id: number | string;
  status: StatusWord;
  deliveredAt: number | null;
}

export function checkContent(message: CheckedMessage, timeZone: string, slovak = false): Content {
  const { id, status, deliveredAt } = message;
  const label = englishLabels[status];
  const row = {
    status: slovak ? (slovakLabels[status] ?? label) : label,
    code: status,
    deliveryDateTime: deliveredAt === null ? "" : wallClock(deliveredAt, timeZone),
  };
  return { json: { message_id: String(id), ...row }, xml: { message: row } };
}

/** `2017-01-01 10:45:00`, without a zone. */
function wallClock(time: number, timeZone: string): string {
  const zoned = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(timeZone);
  return zoned.toPlainDateTime().toString({ smallestUnit: "second" }).replace("T", " ");
}

export interface CallbackFacts {
  id: number;
  channel: "sms" | "rcs";
  parts: number;
}

export function callback(message: CallbackFacts, status: StatusWord, now: number) {
  return { delivery: { status }, messageId: message.id, ...callbackTail(message, "dsn", now) };
}

/** The documentation does not say what else a postback contains; the text is where rich messages have it. */
export function postback(message: CallbackFacts, text: string, now: number) {
  return { messageId: message.id, postback: { text }, ...callbackTail(message, "postback", now) };
}

function callbackTail({ channel, parts }: CallbackFacts, type: string, now: number) {
  return { channel, messageParts: parts, type, timestamp: new Date(now).toISOString() };
}

/** A cadence group. */
export interface Group {
  id: number | string;
  name: string;
  isPaused: boolean;
  note: string;
}

/** The documentation shows no groups in JSON; here they look as in XML. */
export const groupsContent = (page: readonly Group[]): Content => ({
  json: { count: page.length, groups: page },
  xml: { groups: { "@count": page.length, number: page } },
});

export function numberContent(row: { exists: boolean; operator: string }): Content {
  return { json: row, xml: { phone_number: row } };
}
