import { createHash } from "node:crypto";
import type { CallbackReading, InboundReading, Receipt } from "../provider.ts";
import { readDate } from "../wire/dates.ts";
import { asList } from "../wire/fields.ts";
import type { TelekomSettings } from "./config.ts";
import { receiptOf } from "./receipts.ts";
import { readContent, readReport, type Report } from "./wire.ts";

/**
 * Reads the body of a callback: one object, or an array of them, with or without the trailing comma of the
 * documented example. An unreadable receipt does not affect the readable ones. A `postback` is what a person answered, not
 * a delivery status.
 * The gateway's older callback, known from public clients, is a form with `message_id` and `status`.
 */
export function parseCallback(
  body: string,
  { timeZone }: Pick<TelekomSettings, "timeZone">,
  contentType?: string,
): CallbackReading {
  const read = readContent(body);
  const content = read === undefined ? readForm(body, contentType) : read;
  if (content === undefined) {
    return { kind: "malformed", reason: "The body is not JSON, even after repair." };
  }
  const reports = asList(content).map((element) => readReport(element));
  const receipts = reports.flatMap((report) => readReceipt(report, timeZone) ?? []);
  const inbound = reports.flatMap((report) => readPostback(report, timeZone) ?? []);
  const lost = reports.filter((report) => report?.type !== "postback").length - receipts.length;
  if (receipts.length === 0 && inbound.length === 0) {
    return {
      kind: "unreadable",
      reason: "There is no delivery status with a messageId, and no answer with a text.",
    };
  }
  const problem = lost === 0 ? undefined : `${lost} of ${reports.length} reports could not be read.`;
  return { kind: "receipts", receipts, ...(inbound.length > 0 && { inbound }), problem };
}

/** Answers have no id of their own, so one that is posted again is known by what it says and when. */
function readPostback(report: Report | undefined, timeZone: string): InboundReading | undefined {
  if (report?.type !== "postback" || report.said === undefined) return undefined;
  const { id, from, to, said, timestamp } = report;
  if (id === undefined && from === undefined) return undefined;
  return {
    providerMessageId:
      timestamp === undefined ? undefined : `${id ?? from} ${timestamp.slice(0, 64)} ${digestOf(said)}`,
    answersProviderMessageId: id,
    from,
    to,
    text: said,
    sentAt: readDate(timestamp, timeZone),
  };
}

const digestOf = (text: string): string => createHash("sha256").update(text).digest("base64url").slice(0, 16);

function readReceipt(report: Report | undefined, timeZone: string): Receipt | undefined {
  if (report?.id === undefined || report.word === undefined || report.type === "postback") return undefined;
  return receiptOf(report.id, report.word, report.timestamp, timeZone);
}

function readForm(body: string, contentType = ""): unknown {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(contentType.trim());
  const form = Object.fromEntries(new URLSearchParams(body));
  return isForm || ("message_id" in form && "status" in form) ? form : undefined;
}
