import type { ProviderReply, Receipt, SubmittedMessage } from "../provider.ts";
import { isNotFound, readReply } from "./problem.ts";
import { rowReceipt } from "./receipts.ts";
import type { Transport } from "./transport.ts";
import { readPage } from "./wire.ts";

/** Asks for a message by its uid; one that has none cannot be asked for. */
export async function lookUpOne(
  transport: Transport,
  { messageId, providerMessageId }: SubmittedMessage,
  timeZone: string,
): Promise<ProviderReply<Receipt[]>> {
  if (providerMessageId === undefined) return { ok: true, value: [] };
  const answer = await transport.get(`/sms/${encodeURIComponent(providerMessageId)}`);
  if (isNotFound(answer)) return { ok: true, value: [] };
  const reply = readReply(answer);
  if (!reply.ok) return reply;
  const row = readPage(reply.value.json).rows.find(
    ({ uid }) => (uid ?? providerMessageId) === providerMessageId,
  );
  const receipt = row && rowReceipt(row, { messageId, providerMessageId }, timeZone);
  return { ok: true, value: receipt ? [receipt] : [] };
}
