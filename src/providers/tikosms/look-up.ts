import type { ProviderReply, Receipt, SubmittedMessage } from "../provider.ts";
import { lookUpEach } from "../wire/look-up.ts";
import { digitsOf } from "../wire/text.ts";
import { readReplyOr } from "./problem.ts";
import { rowReceipt } from "./receipts.ts";
import type { Transport } from "./transport.ts";
import { readReports, type Report } from "./wire.ts";

/**
 * The rows of a message or a campaign; empty when TikoSMS does not know it (yet). The ids go into the query.
 * The bodies that the documentation shows for GET come from how its generator prints validation rules.
 */
export async function fetchRows(
  transport: Transport,
  id: { message_id: string } | { campaign_id: string },
): Promise<ProviderReply<Report[]>> {
  return readReplyOr(await transport.get("/get_message", id), [], readReports);
}

/** The messages that one request asks about: those of one campaign, or a single message with an id. */
type LookUpGroup = readonly SubmittedMessage[];

/**
 * Looks messages up by their ids, and the messages of one campaign together. A campaign always fits into one
 * answer, since it was submitted with that limit.
 */
export function lookUp(
  transport: Transport,
  messages: readonly SubmittedMessage[],
  timeZone: string,
): Promise<ProviderReply<Receipt[]>> {
  const campaigns = Map.groupBy(messages, ({ providerBatchId }) => providerBatchId);
  // The documentation does not say what TikoSMS answers to a request without an id, so none is made.
  const nameless = campaigns.get(undefined)?.filter(({ providerMessageId }) => providerMessageId) ?? [];
  campaigns.delete(undefined);
  const groups = [...campaigns.values(), ...nameless.map((message) => [message])];
  return lookUpEach<LookUpGroup>(groups, (group) => lookUpGroup(transport, group, timeZone));
}

async function lookUpGroup(
  transport: Transport,
  group: LookUpGroup,
  timeZone: string,
): Promise<ProviderReply<Receipt[]>> {
  const [{ providerMessageId, providerBatchId = "" } = {}, ...others] = group;
  const isAlone = providerMessageId !== undefined && others.length === 0;
  const id = isAlone ? { message_id: providerMessageId } : { campaign_id: providerBatchId };
  const rows = await fetchRows(transport, id);
  if (!rows.ok) return rows;
  return { ok: true, value: group.flatMap((message) => receiptsFor(message, rows.value, timeZone)) };
}

function receiptsFor(message: SubmittedMessage, rows: readonly Report[], timeZone: string): Receipt[] {
  const rowsOfThis = rowsOfMessage(rows, message);
  if (rowsOfThis.length === 0 && isLeftOut(message, rows)) return [leftOut(message)];
  // Rows found by number lack our reference, so it is added here.
  return receiptsOf(rowsOfThis, timeZone).map((receipt) => ({
    ...receipt,
    clientRef: receipt.clientRef ?? message.messageId,
  }));
}

/** Finds a message's rows by its id, otherwise by our reference, otherwise by number among rows without a reference. */
function rowsOfMessage(
  rows: readonly Report[],
  { messageId, providerMessageId, to }: SubmittedMessage,
): Report[] {
  if (providerMessageId !== undefined) {
    return rows.filter((row) => row.message_id?.toLowerCase() === providerMessageId.toLowerCase());
  }
  const referenced = rows.filter((row) => row.client_ref === messageId);
  if (referenced.length > 0) return referenced;
  return rows.filter((row) => row.client_ref === undefined && digitsOf(row.to ?? "") === digitsOf(to));
}

/** How long TikoSMS may take to list all messages of an accepted campaign. */
const listedAfterSeconds = 10 * 60;

/**
 * A campaign is accepted as a whole, and no document says what happens to a recipient that TikoSMS cannot
 * serve: such a recipient is missing from a list that has the others.
 */
function isLeftOut(
  { providerMessageId, ageSeconds = 0 }: SubmittedMessage,
  rows: readonly Report[],
): boolean {
  return providerMessageId === undefined && rows.length > 0 && ageSeconds >= listedAfterSeconds;
}

function leftOut({ messageId, providerBatchId }: SubmittedMessage): Receipt {
  const text = "TikoSMS took the campaign, but does not list this message in it.";
  return {
    providerBatchId,
    clientRef: messageId,
    status: "FAILED",
    providerStatus: "not listed",
    part: 1,
    parts: 1,
    failure: { code: "not_accepted", text, permanent: false },
  };
}

export function receiptsOf(rows: readonly Report[], timeZone: string): Receipt[] {
  return rows.flatMap((row) => rowReceipt(row, timeZone) ?? []);
}
