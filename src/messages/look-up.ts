import type { Clock } from "../clock.ts";
import type { Connections } from "../connections/connections.ts";
import type { Database, Statement } from "../database/database.ts";
import type { Logger } from "../logger.ts";
import type { E164, ReconcileOutcome, SubmittedMessage } from "../providers/provider.ts";
import { applyReceipts, type ReceivedReceipt } from "./receipts.ts";
import { applyChanges } from "./transition.ts";
import { validityMinutes } from "./validity.ts";

export interface LookUpOptions {
  database: Database;
  connections: Connections;
  clock: Clock;
  logger: Logger;
}

interface OpenMessage {
  messageId: string;
  to: E164;
  from: string;
  text: string;
  flash: boolean;
  validUntil: Date | null;
  providerId: string;
  providerMessageId: string | null;
  providerBatchId: string | null;
  attemptedAt: Date;
}

const readOpen: Statement = {
  name: "read_open_messages",
  text: `
    select m.id as "messageId", m.recipient as to, m.sender as from, m.text, m.flash,
      m.valid_until as "validUntil", m.provider_id as "providerId",
      m.provider_message_id as "providerMessageId", m.provider_batch_id as "providerBatchId",
      coalesce(
        (select max(started_at) from attempts where message_id = m.id), m.created_at
      ) as "attemptedAt"
    from messages as m
    where m.id = any ($1::uuid[]) and m.status = any ($2::message_status[])`,
};

/** Asks a provider about messages whose receipt is overdue; what it says goes the way of every receipt. */
export async function lookUpMessages(
  { database, connections, clock, logger }: LookUpOptions,
  { providerId, messageIds }: { providerId: string; messageIds: readonly string[] },
): Promise<void> {
  const connection = await connections.get(providerId);
  if (!connection) return;
  const statuses = ["SUBMITTED", "SENT", "UNKNOWN", "DELIVERED"];
  const rows = await database.query<OpenMessage>(readOpen, [messageIds, statuses]);
  const known = rows
    .filter((row) => row.providerMessageId ?? row.providerBatchId)
    .map((row) => toSubmitted(row, clock.now()));
  if (known.length === 0) return;
  const reply = await connection.client.lookUp(known);
  if (!reply.ok) return logger.warn({ providerId, problem: reply.problem }, "could not look messages up");
  const receivedAt = clock.now();
  const received = reply.value.map(
    (receipt) => ({ providerId, source: "POLL", receivedAt, receipt }) as const,
  );
  await database.transaction((transaction) => applyReceipts(transaction, received));
}

const toSubmitted = (
  { messageId, to, providerMessageId, providerBatchId, attemptedAt }: OpenMessage,
  now: Date,
): SubmittedMessage => ({
  messageId,
  to,
  ageSeconds: (now.getTime() - attemptedAt.getTime()) / 1000,
  providerMessageId: providerMessageId ?? undefined,
  providerBatchId: providerBatchId ?? undefined,
});

/**
 * Finds out what became of a submission that was written and not answered. `isFirst`: nobody has asked before, so
 * a provider that recognises a resend by its message id may be asked that way.
 */
export async function reconcileMessage(
  options: LookUpOptions,
  { messageId, isFirst }: { messageId: string; isFirst: boolean },
): Promise<void> {
  const { database, connections, clock, logger } = options;
  const [row] = await database.query<OpenMessage>(readOpen, [[messageId], ["OUTCOME_UNKNOWN"]]);
  const connection = row && (await connections.get(row.providerId));
  if (!row || !connection) return;
  const { to, from, text, flash, validUntil, attemptedAt } = row;
  const outcome = await connection.client.reconcile({
    messageId,
    to,
    from,
    text,
    flash,
    attemptedAt,
    validityMinutes: validityMinutes(validUntil, attemptedAt),
    callbackUrl: connections.callbackUrl(connection),
    claimedIds: await readClaimedIds(database, messageId),
    resendAllowed: isFirst,
  });
  if (outcome.kind === "unavailable") {
    return logger.warn({ messageId, problem: outcome.problem }, "could not reconcile a message");
  }
  if (outcome.kind === "found") await bind(database, row, outcome, clock.now());
}

const claimedIds: Statement = {
  name: "read_claimed_ids",
  text: `
    select other.provider_message_id as id
    from messages as m
    join messages as other on other.account_id = m.account_id and other.recipient = m.recipient
      and other.provider_id = m.provider_id and other.sender = m.sender and other.text = m.text
    where m.id = $1 and other.id <> m.id and other.provider_message_id is not null
    order by other.id desc
    limit 1000`,
};

/** The provider's ids of our other messages that look the same: this one cannot be one of them. */
async function readClaimedIds(database: Database, messageId: string): Promise<string[]> {
  return (await database.query<{ id: string }>(claimedIds, [messageId])).map(({ id }) => id);
}

async function bind(
  database: Database,
  { messageId, providerId }: OpenMessage,
  found: Extract<ReconcileOutcome, { kind: "found" }>,
  receivedAt: Date,
): Promise<void> {
  const { providerMessageId, providerBatchId, receipts } = found;
  const accepted = {
    messageId,
    status: "SUBMITTED",
    source: "RECONCILE",
    receivedAt,
    providerMessageId,
    providerBatchId,
    detail: "The provider's own list shows that it accepted the message.",
  } as const;
  const received = receipts.map((receipt): ReceivedReceipt => ({
    providerId,
    source: "RECONCILE",
    receivedAt,
    receipt,
  }));
  await database.transaction(async (transaction) => {
    await applyChanges(transaction, [accepted]);
    await applyReceipts(transaction, received);
  });
}
