import type { CallbackReading } from "../provider.ts";
import type { QikliSettings } from "./config.ts";
import { rowReceipt } from "./receipts.ts";
import { isEmptySet, readDocument, readReports } from "./wire.ts";

/**
 * Reads a batch of reports, pushed or pulled, in JSON or XML. An unreadable report does not affect the
 * readable ones. The first character shows the format, whatever the content type says.
 */
export function parseCallback(body: string, { timeZone }: Pick<QikliSettings, "timeZone">): CallbackReading {
  const document = readDocument(body);
  if (document === undefined) return { kind: "malformed", reason: "The body is neither JSON nor XML." };
  const { rows, unreadable } = readReports(document);
  const receipts = rows.flatMap((row) => rowReceipt(row, timeZone) ?? []);
  const lost = unreadable + rows.length - receipts.length;
  if (receipts.length > 0) {
    const problem = `${lost} of ${receipts.length + lost} reports have no messageId or no status.`;
    return { kind: "receipts", receipts, ...(lost > 0 && { problem }) };
  }
  if (isEmptySet(document)) return { kind: "receipts", receipts };
  return { kind: "unreadable", reason: "The body has no report with a messageId and a status." };
}
