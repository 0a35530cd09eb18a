import type { Receipt } from "../provider.ts";
import { readDate } from "../wire/dates.ts";
import { failureOf, readStatus } from "./status.ts";
import type { Report } from "./wire.ts";

/** The two callbacks: `create` when TikoSMS has accepted a message, `update` with its final status. */
export type ReportEvent = "create" | "update";

/** The receipt in a callback; undefined without a status or any id of a message. */
export function callbackReceipt(event: ReportEvent, report: Report, timeZone: string): Receipt | undefined {
  const { sent_at, delivered_at, timestamp } = report;
  const times = event === "update" ? [delivered_at, timestamp, sent_at] : [sent_at, timestamp, delivered_at];
  return receipt(report, times, timeZone);
}

/** The receipt in a row of `get_message`. */
export function rowReceipt(report: Report, timeZone: string): Receipt | undefined {
  const status = readStatus(report.status ?? "");
  const early = status === "SENT" || status === "SUBMITTED";
  // Every row has `sent_at`: the time when the message left, never when it failed.
  return receipt(report, early ? [report.sent_at] : [report.delivered_at], timeZone);
}

function receipt(
  report: Report,
  times: readonly (string | undefined)[],
  timeZone: string,
): Receipt | undefined {
  const word = report.status;
  if (word === undefined || (report.message_id ?? report.client_ref) === undefined) return undefined;
  const status = readStatus(word);
  const part = report.part ?? 1;
  return {
    providerMessageId: report.message_id,
    providerBatchId: report.campaign_id,
    clientRef: report.client_ref,
    status,
    providerStatus: word,
    occurredAt: times.map((time) => readDate(time, timeZone)).find((date) => date !== undefined),
    part,
    parts: Math.max(part, report.total_parts ?? 1),
    cost: report.cost,
    mccmnc: /^\d{3,6}$/.exec(report.mccmnc?.trim() ?? "")?.[0],
    failure: failureOf(status),
  };
}
