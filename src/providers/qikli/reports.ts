import { minUuid } from "../../lib/uuid.ts";
import type { ProviderReply, Receipt, SubmittedMessage } from "../provider.ts";
import { lookUpEach } from "../wire/look-up.ts";
import { rowReceipt } from "./receipts.ts";
import { problemOf, type Reply, type Transport } from "./transport.ts";
import { isEmptySet, readReports } from "./wire.ts";

const reportsPath = "/sms/1/reports";
export const logsPath = "/sms/1/logs";

/**
 * As many as Qikli pushes in one request: more than the documented default, and few enough to limit the loss
 * if an answer is lost.
 */
const reportsAtOnce = 100;

/**
 * Takes the next reports out of the queue. Qikli hands out each one only once, so the body is returned
 * unchanged, even if it is unreadable or has an error status.
 */
export async function drainReceipts(
  transport: Transport,
): Promise<ProviderReply<{ body: string; contentType: string } | undefined>> {
  // No filter: reports of one message must not be taken out of order.
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
const nobodysMessageId = minUuid;

/**
 * Asks for the reports of a message that cannot exist. This checks the credentials without taking a report
 * out of the queue. Qikli documents no other request that sends nothing.
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

/** True for an answer that has no rows, as opposed to one that cannot be read. */
export function isNothing(reply: Reply): boolean {
  return reply.kind === "answer" && (reply.body.trim() === "" || isEmptySet(reply.document));
}

/** Ids in one request. The address stays shorter than what servers allow. */
const idsAtOnce = 50;
/** The most rows in one answer of the logs (public clients of the platform). */
export const maxLogRows = 1_000;

/** What the logs say about these messages. Reading them repeatedly is safe. */
export function lookUp(
  transport: Transport,
  messages: readonly SubmittedMessage[],
  timeZone: string,
): Promise<ProviderReply<Receipt[]>> {
  const requests = Math.ceil(messages.length / idsAtOnce);
  const groups = Array.from({ length: requests }, (_, place) =>
    messages.slice(place * idsAtOnce, (place + 1) * idsAtOnce),
  );
  return lookUpEach(groups, (group) => lookUpGroup(transport, group, timeZone));
}

/**
 * Asks about several messages in one request. An answer about two of them shows that the platform takes
 * several ids; otherwise those that are missing in it are asked about one by one.
 */
async function lookUpGroup(
  transport: Transport,
  group: readonly SubmittedMessage[],
  timeZone: string,
): Promise<ProviderReply<Receipt[]>> {
  const together = await readRows(transport, group, timeZone);
  const isOne = group.length === 1;
  if (isOne || (!together.ok && (together === noLogs || together.problem.kind !== "refused")))
    return together;
  const receipts = together.ok ? together.value : [];
  const found = new Set(receipts.map(({ clientRef }) => clientRef));
  if (found.size > 1) return together;
  const left = group.filter(({ messageId }) => !found.has(messageId));
  const each = await lookUpEach(left, (message) => readRows(transport, [message], timeZone));
  if (each.ok) return { ok: true, value: [...receipts, ...each.value] };
  return receipts.length > 0 ? together : each;
}

const idOf = ({ messageId, providerMessageId = messageId }: SubmittedMessage): string => providerMessageId;

async function readRows(
  transport: Transport,
  messages: readonly SubmittedMessage[],
  timeZone: string,
): Promise<ProviderReply<Receipt[]>> {
  const query = new URLSearchParams(messages.map((message) => ["messageId", idOf(message)]));
  if (messages.length > 1) query.append("limit", `${maxLogRows}`);
  const reply = await transport.get(logsPath, query);
  const problem = problemOf(reply);
  if (problem?.kind === "not_found") return noLogs;
  if (problem) return { ok: false, problem };
  const { rows } = readReports(reply.kind === "answer" ? reply.document : undefined);
  if (rows.length === 0 && !isNothing(reply)) return unreadable;
  const rowsById = Map.groupBy(rows, (row) => row.messageId?.toLowerCase());
  const receipts = messages.flatMap((message) =>
    (rowsById.get(idOf(message).toLowerCase()) ?? []).flatMap((row) => {
      const receipt = rowReceipt(row, timeZone);
      return receipt ? [{ ...receipt, clientRef: message.messageId }] : [];
    }),
  );
  return { ok: true, value: receipts };
}

/** The answer to a request for something that Qikli does not have. */
export function lacks(what: string): { ok: false; problem: { kind: "refused"; detail: string } } {
  return { ok: false, problem: { kind: "refused", detail: `Qikli has no ${what}.` } };
}

export const noLogs = lacks("look-up that leaves its reports unread");
