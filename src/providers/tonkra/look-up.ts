import type { ProviderReply, Receipt, SubmittedMessage } from "../provider.ts";
import { isNotFound, readReply } from "./problem.ts";
import { rowReceipt } from "./receipts.ts";
import type { Reply, Transport } from "./transport.ts";
import { readPage } from "./wire.ts";

/** Looks up a message by its uid; a message without one cannot be looked up. */
export async function lookUpOne(
  transport: Transport,
  { messageId, providerMessageId }: SubmittedMessage,
  timeZone: string,
): Promise<ProviderReply<Receipt[]>> {
  if (providerMessageId === undefined) return { ok: true, value: [] };
  const answer = await transport.get(`/sms/${encodeURIComponent(providerMessageId)}`);
  if (isNotFound(answer) || saysUnknown(answer)) return { ok: true, value: [] };
  const reply = readReply(answer);
  if (!reply.ok) return reply;
  const row = readPage(reply.value.json).rows.find(
    ({ uid }) => (uid ?? providerMessageId) === providerMessageId,
  );
  const receipt = row && rowReceipt(row, { messageId, providerMessageId }, timeZone);
  return { ok: true, value: receipt ? [receipt] : [] };
}

/**
 * The documentation names no HTTP status for its error object, so a missing message may come with status 200.
 */
function saysUnknown(reply: Reply): boolean {
  const isError = reply.kind === "answer" && reply.verdict === "error";
  return isError && /\b(?:sms|message|report)\b.*\bnot found\b/i.test(reply.errorText);
}
