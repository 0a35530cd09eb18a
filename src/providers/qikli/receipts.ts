import type { Receipt } from "../provider.ts";
import { readDate } from "../wire/dates.ts";
import { withError } from "./errors.ts";
import { duplicateCode, readStatus, type StatusReading } from "./status.ts";
import type { Row, StatusObject } from "./wire.ts";
import type { DecimalText } from "../../lib/money.ts";

/** The receipt in a report or a row of the logs; undefined without a status, or without a message id. */
export function rowReceipt(row: Row, timeZone: string): Receipt | undefined {
  const { messageId, status, price } = row;
  const word = status && wordOf(status);
  if (messageId === undefined || status === undefined || word === undefined) return undefined;
  const reading = reported(withError(readStatus(status), row.error));
  // A report is about the whole message, and its price is that of one part.
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
 * A report that a duplicate of this message id was rejected is about the duplicate. Of the message itself it says
 * that it was accepted before, and it must not end it.
 */
function reported(reading: StatusReading): StatusReading {
  return reading.failure?.code === duplicateCode ? { status: "SUBMITTED" } : reading;
}

/** The provider's own word: the name, or as much as there is. */
function wordOf({ name, groupName, id, groupId }: StatusObject): string | undefined {
  if (name !== undefined || groupName !== undefined) return name ?? groupName;
  if (id !== undefined) return `status ${id}`;
  return groupId === undefined ? undefined : `group ${groupId}`;
}

/** Exact. */
export function times(amount: DecimalText, count: number): DecimalText {
  const [whole = "", fraction = ""] = amount.replace("-", "").split(".");
  const product = (BigInt(whole + fraction) * BigInt(count)).toString().padStart(fraction.length + 1, "0");
  const point = product.length - fraction.length;
  const sign = amount.startsWith("-") ? "-" : "";
  return `${sign}${product.slice(0, point)}${fraction === "" ? "" : `.${product.slice(point)}`}`;
}
