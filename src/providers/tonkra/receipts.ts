import type { Receipt } from "../provider.ts";
import { readDate } from "../wire/dates.ts";
import { readFailure, readStatus } from "./status.ts";
import type { Row } from "./wire.ts";

/** The receipt in a row that is known to be about a message of ours; undefined while it has no status. */
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
    // The one time there is says when the message left, never when it arrived or failed.
    occurredAt: isEarly ? readDate(row.sent_at, timeZone) : undefined,
    // Whatever its `sms_count`, a message has one status and one cost.
    part: 1,
    parts: 1,
    cost: row.cost,
    failure: readFailure(word),
  };
}
