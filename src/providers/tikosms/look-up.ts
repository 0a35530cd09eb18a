import type { ProviderReply, Receipt, SubmittedMessage } from "../provider.ts";
import { digitsOf } from "../wire/text.ts";
import { readReplyOr } from "./problem.ts";
import { rowReceipt } from "./receipts.ts";
import type { Transport } from "./transport.ts";
import { readReports, type Report } from "./wire.ts";

/**
 * The rows of a message or a campaign; none where TikoSMS does not know it (yet). The ids go into the query: the
 * bodies that the TikoSMS documentation shows for GET are how its generator prints validation rules.
 */
export async function fetchRows(
  transport: Transport,
  id: { message_id: string } | { campaign_id: string },
): Promise<ProviderReply<Report[]>> {
  return readReplyOr(await transport.get("/get_message", id), [], readReports);
}

/** Asks for a message by its id, or for its campaign where the submission gave no message id. */
export async function lookUpOne(
  transport: Transport,
  message: SubmittedMessage,
  timeZone: string,
): Promise<ProviderReply<Receipt[]>> {
  const rows = await fetchOwnRows(transport, message);
  if (!rows.ok) return rows;
  // Rows found by number lack our reference, so it is added for whoever stores the receipt.
  const receipts = receiptsOf(rows.value, timeZone).map((receipt) => ({
    ...receipt,
    clientRef: receipt.clientRef ?? message.messageId,
  }));
  return { ok: true, value: receipts };
}

async function fetchOwnRows(
  transport: Transport,
  message: SubmittedMessage,
): Promise<ProviderReply<Report[]>> {
  const { providerMessageId, providerBatchId } = message;
  if (providerMessageId !== undefined) {
    const rows = await fetchRows(transport, { message_id: providerMessageId });
    return rows.ok ? { ok: true, value: rowsOfId(rows.value, providerMessageId) } : rows;
  }
  // TikoSMS leaves open what it answers to a question without an id, so none is asked.
  if (providerBatchId === undefined) return { ok: true, value: [] };
  const rows = await fetchRows(transport, { campaign_id: providerBatchId });
  return rows.ok ? { ok: true, value: rowsOfMessage(rows.value, message) } : rows;
}

function rowsOfId(rows: readonly Report[], id: string): Report[] {
  return rows.filter((row) => row.message_id?.toLowerCase() === id.toLowerCase());
}

/** By our reference, or else by number among the rows without any. */
function rowsOfMessage(rows: readonly Report[], { messageId, to }: SubmittedMessage): Report[] {
  const referenced = rows.filter((row) => row.client_ref === messageId);
  if (referenced.length > 0) return referenced;
  return rows.filter((row) => row.client_ref === undefined && digitsOf(row.to ?? "") === digitsOf(to));
}

export function receiptsOf(rows: readonly Report[], timeZone: string): Receipt[] {
  return rows.flatMap((row) => rowReceipt(row, timeZone) ?? []);
}
