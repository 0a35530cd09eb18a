import type { Receipt } from "../provider.ts";
import { readDate } from "../wire/dates.ts";
import { readFailure, readStatus } from "./status.ts";
import type { Row } from "./wire.ts";

/** The receipt in a row that belongs to one of our messages; undefined while the row has no status. */
export function rowReceipt(
  row: Row,
  { messageId, providerMessageId }: { messageId: string; providerMessageId: string },
  timeZone: string,
): Receipt | undefined {
  const word = row.status ?? row.customer_status;
  if (word === undefined) return undefined;
  const status = readStatus(word);
  const isEarly = status === "SENT" || status === "SUBMITTED";
  return {
    providerMessageId,
    clientRef: messageId,
    status,
    providerStatus: word,
    // The row's only time says when the message left, not when it arrived or failed.
    occurredAt: isEarly ? readDate(row.sent_at, timeZone) : undefined,
    // A message has one status and one cost, whatever its `sms_count`.
    part: 1,
    parts: 1,
    cost: row.cost,
    failure: readFailure(word),
  };
}
