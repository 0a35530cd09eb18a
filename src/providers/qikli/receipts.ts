import type { Receipt } from "../provider.ts";
import { readDate } from "../wire/dates.ts";
import { withError } from "./errors.ts";
import { duplicateCode, readStatus, type StatusReading } from "./status.ts";
import type { Row, StatusObject } from "./wire.ts";
import type { DecimalText } from "../../lib/money.ts";

/** The receipt in a report or a log row; undefined without a status or a message id. */
export function rowReceipt(row: Row, timeZone: string): Receipt | undefined {
  const { messageId, status, price } = row;
  const word = status && wordOf(status);
  if (messageId === undefined || status === undefined || word === undefined) return undefined;
  const reading = reported(withError(readStatus(status), row.error));
  // A report covers the whole message, but its price is for one part.
  const parts = row.smsCount ?? row.messageCount ?? 1;
  const perPart = price?.pricePerMessage;
  return {
    providerMessageId: messageId,
    providerBatchId: row.bulkId,
    clientRef: messageId,
    ...reading,
    providerStatus: word,
    occurredAt: readDate(row.doneAt, timeZone) ?? readDate(row.sentAt, timeZone),
    part: 1,
    parts: 1,
    cost: perPart && times(perPart, parts),
    costCurrency: /^[A-Z]{3}$/.exec(price?.currency?.trim().toUpperCase() ?? "")?.[0],
    mccmnc: /^\d{5,6}$/.exec((row.mccMnc ?? row.mccmnc)?.trim() ?? "")?.[0],
  };
}

/**
 * A report that a duplicate of this message id was rejected is about the duplicate. It shows that the message
 * itself was accepted before, so it must not end that message as rejected.
 */
function reported(reading: StatusReading): StatusReading {
  return reading.failure?.code === duplicateCode ? { status: "SUBMITTED" } : reading;
}

/** The provider's word for the status: its name, or the best that is there. */
function wordOf({ name, groupName, id, groupId }: StatusObject): string | undefined {
  if (name !== undefined || groupName !== undefined) return name ?? groupName;
  if (id !== undefined) return `status ${id}`;
  return groupId === undefined ? undefined : `group ${groupId}`;
}

/** Multiplies exactly. */
export function times(amount: DecimalText, count: number): DecimalText {
  const [whole = "", fraction = ""] = amount.replace("-", "").split(".");
  const product = (BigInt(whole + fraction) * BigInt(count)).toString().padStart(fraction.length + 1, "0");
  const point = product.length - fraction.length;
  const sign = amount.startsWith("-") ? "-" : "";
  return `${sign}${product.slice(0, point)}${fraction === "" ? "" : `.${product.slice(point)}`}`;
}
