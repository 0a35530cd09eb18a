import { recordAudit } from "../../audit/record.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Database, Queryable } from "../../database/database.ts";
import { NotFoundError, OutcomeNotOpenError } from "../../lib/errors.ts";
import { maskNumber } from "../../lib/logger.ts";
import type { StatusChange } from "../model/status-change.ts";
import type { MessageStatus } from "../model/status.ts";
import { applyChanges } from "./transition.ts";

/** The statuses in which nobody knows whether the provider has the message. */
export const openOutcomes = ["OUTCOME_UNKNOWN", "UNKNOWN"] as const satisfies readonly MessageStatus[];

/** What a person may say became of a message. UNKNOWN gives it up: the provider is asked no more. */
export type Settlement = "DELIVERED" | "UNDELIVERED" | "FAILED" | "UNKNOWN";

/** A decision by a person, and what the timeline says of it. */
export interface Decision {
  as: Settlement;
  /** Why, in the person's words. */
  reason: string;
  /** The name of the key. */
  by: string;
}

/** What the audit log says of a decision. */
export interface DecisionScope {
  accountId: string;
  action: "MESSAGES_SETTLED" | "MESSAGES_RESENT";
  /** The campaign that the messages are of; absent for a single message. */
  campaignId?: string;
}

/**
 * Settles messages whose outcome is not known. A receipt that arrived meanwhile wins; a later one is kept in the
 * timeline and changes nothing. Returns the ids of those that were settled.
 */
export async function settleMessages(
  { database, clock }: { database: Database; clock: Clock },
  messageIds: readonly string[],
  decision: Decision,
  scope: DecisionScope,
): Promise<string[]> {
  const receivedAt = clock.now();
  const changes = messageIds.map((messageId) => changeOf(messageId, decision, receivedAt));
  return database.transaction(async (transaction) => {
    const outcomes = await applyChanges(transaction, changes);
    const settled = outcomes.flatMap((outcome) =>
      outcome.kind === "taken" && outcome.applied ? [outcome.change.messageId] : [],
    );
    await auditDecision(transaction, settled, decision, scope);
    return settled;
  });
}

async function auditDecision(
  transaction: Queryable,
  settled: readonly string[],
  { as, reason }: Decision,
  { accountId, action, campaignId }: DecisionScope,
): Promise<void> {
  const [first] = settled;
  if (first === undefined) return;
  const target =
    campaignId === undefined
      ? ({ type: "Message", id: first } as const)
      : ({ type: "Campaign", id: campaignId } as const);
  const after = { as, reason: maskNumber(reason), messages: settled.length };
  await recordAudit(transaction, { accountId, action, target, after });
}

function changeOf(messageId: string, { as, reason, by }: Decision, receivedAt: Date): StatusChange {
  const text = `Settled as ${as} by the key "${by}", without word from the provider: ${reason}`;
  const fails = as === "UNDELIVERED" || as === "FAILED";
  return {
    messageId,
    status: as,
    source: "API",
    receivedAt,
    detail: text,
    isEnd: true,
    onlyFrom: as === "UNKNOWN" ? ["OUTCOME_UNKNOWN"] : openOutcomes,
    ...(fails && { failure: { code: "settled_by_hand", text, permanent: false } }),
  };
}

/**
 * Settles one message.
 * @throws NotFoundError
 * @throws OutcomeNotOpenError when its outcome is known, or it has not been handed over
 */
export async function settleMessage(
  options: { database: Database; clock: Clock },
  accountId: string,
  messageId: string,
  decision: Decision,
): Promise<void> {
  const status = await statusOf(options.database, accountId, messageId);
  if (status === decision.as) return;
  const settled = await settleMessages(options, [messageId], decision, {
    accountId,
    action: "MESSAGES_SETTLED",
  });
  if (settled.length > 0) return;
  throw new OutcomeNotOpenError(await statusOf(options.database, accountId, messageId), openOutcomes);
}

/** @throws NotFoundError */
export async function statusOf(
  { prisma }: Database,
  accountId: string,
  messageId: string,
): Promise<MessageStatus> {
  const row = await prisma.message.findUnique({
    where: { id: messageId, accountId },
    select: { status: true },
  });
  if (!row) throw new NotFoundError("Message", messageId);
  return row.status;
}
