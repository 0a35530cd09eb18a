import type { StatusWord } from "./behaviour.ts";
import type { Content } from "./format.ts";
import type { Message } from "./state.ts";

/** The documented bodies that differ between JSON and XML, and those of callbacks. */

/** The result for one recipient of a request. */
export type Entry = { kind: "accepted"; message: Message } | { kind: "refused"; to: string };

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
  const description = `Chybný príjemca: ${entry.to}`;
  return { status: "error", code: "INCORRECT_RECIPIENT_ADDRESS", description };
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

export function checkContent(message: Message, timeZone: string, slovak: boolean): Content {
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

export function callback(message: Message, status: StatusWord, now: number) {
  return { delivery: { status }, messageId: message.id, ...callbackTail(message, "dsn", now) };
}

/** The documentation does not say what else a postback contains. */
export function postback(message: Message, now: number) {
  return { messageId: message.id, ...callbackTail(message, "postback", now) };
}

function callbackTail({ channel, parts }: Message, type: string, now: number) {
  return { channel, messageParts: parts, type, timestamp: new Date(now).toISOString() };
}

/** As in the documentation, with a comma after the only member of `delivery`. */
export function printLiterally(body: object): string {
  return JSON.stringify(body, undefined, 2).replace(/^( {4}"status": ".*")$/m, "$1,");
}
