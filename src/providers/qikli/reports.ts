import type { ProviderReply, Receipt, SubmittedMessage } from "../provider.ts";
import { lookUpEach } from "../wire/look-up.ts";
import { rowReceipt } from "./receipts.ts";
import { problemOf, type Reply, type Transport } from "./transport.ts";
import { isEmptySet, readReports } from "./wire.ts";

const reportsPath = "/sms/1/reports";
export const logsPath = "/sms/1/logs";

/** As many as Qikli pushes in one request: more than the documented default, and not too many to lose at once. */
const reportsAtOnce = 100;

/**
 * Takes the next reports out of the queue. Qikli hands out each of them once, so the body goes back as it came:
 * also one that nobody can read, and one under a status that is no success.
 */
export async function drainReceipts(
  transport: Transport,
): Promise<ProviderReply<{ body: string; contentType: string } | undefined>> {
  // Without a filter: it would take the reports of one message out of the order of all.
  const reply = await transport.get(reportsPath, { limit: `${reportsAtOnce}` });
  const problem = problemOf(reply);
  const hasReports = reply.kind === "answer" && readReports(reply.document).rows.length > 0;
  if (problem && !hasReports) {
    const isLost = reply.kind === "unanswered";
    const detail = isLost ? `${problem.detail}; the reports in the answer are lost` : problem.detail;
    return { ok: false, problem: { ...problem, detail } };
  }
  if (reply.kind !== "answer" || reply.body.trim() === "" || isEmptySet(reply.document)) {
    return { ok: true, value: undefined };
  }
  return { ok: true, value: { body: reply.body, contentType: reply.contentType } };
}

/** The nil UUID, which no message has. */
const nobodysMessageId = "00000000-0000-0000-0000-000000000000";

/**
 * Asks for the reports of a message that cannot exist: it needs the credentials, and takes no report out of the
 * queue. Qikli documents nothing else that could be asked without sending.
 */
export async function check(transport: Transport): Promise<ProviderReply<{ detail: string }>> {
  const reply = await transport.get(reportsPath, { messageId: nobodysMessageId, limit: "1" });
  const problem = problemOf(reply);
  if (problem) return { ok: false, problem };
  if (isNothing(reply)) return { ok: true, value: { detail: "credentials accepted" } };
  return unreadable;
}

export const unreadable = {
  ok: false,
  problem: { kind: "unreadable", detail: "The answer is not what Qikli documents." },
} as const;

/** An answer without a row, which is not the same as one that nobody can read. */
export function isNothing(reply: Reply): boolean {
  return reply.kind === "answer" && (reply.body.trim() === "" || isEmptySet(reply.document));
}

/** What the logs say of these messages, however often they are asked. */
export function lookUp(
  transport: Transport,
  messages: readonly SubmittedMessage[],
  timeZone: string,
): Promise<ProviderReply<Receipt[]>> {
  return lookUpEach(messages, async ({ messageId, providerMessageId = messageId }) => {
    const reply = await transport.get(logsPath, { messageId: providerMessageId });
    const problem = problemOf(reply);
    if (problem?.kind === "not_found") return noLogs;
    if (problem) return { ok: false, problem };
    const { rows } = readReports(reply.kind === "answer" ? reply.document : undefined);
    if (rows.length === 0 && !isNothing(reply)) return unreadable;
    const own = rows.filter((row) => row.messageId?.toLowerCase() === providerMessageId.toLowerCase());
    const receipts = own.flatMap((row) => rowReceipt(row, timeZone) ?? []);
    return { ok: true, value: receipts.map((receipt) => ({ ...receipt, clientRef: messageId })) };
  });
}

/** How a question for something Qikli does not have is answered. */
export function lacks(what: string): { ok: false; problem: { kind: "refused"; detail: string } } {
  return { ok: false, problem: { kind: "refused", detail: `Qikli has no ${what}.` } };
}

export const noLogs = lacks("look-up that leaves its reports unread");
