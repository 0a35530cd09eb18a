import type { Clock } from "../clock.ts";
import type { Connections } from "../connections/connections.ts";
import type { Database, Statement } from "../database/database.ts";
import type { Logger } from "../logger.ts";
import type { E164, ReconcileOutcome } from "../providers/provider.ts";
import { applyReceipts, type ReceivedReceipt } from "./receipts.ts";
import { firstCheckAt } from "./checks.ts";
import { applyChanges } from "./transition.ts";

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
  providerId: string;
  providerMessageId: string | undefined;
  providerBatchId: string | undefined;
  attemptedAt: Date;
}

const readOpen: Statement = {
  name: "read_open_messages",
  text: `
    select m.id as "messageId", m.recipient as to, m.sender as from, m.text, m.provider_id as "providerId",
      m.provider_message_id as "providerMessageId", m.provider_batch_id as "providerBatchId",
      coalesce(
        (select max(started_at) from attempts where message_id = m.id), m.created_at
      ) as "attemptedAt"
    from messages as m
    where m.id = any ($1::uuid[]) and m.status = any ($2::message_status[])`,
};

const toOpenMessage = (row: OpenMessage & Record<string, unknown>): OpenMessage => ({
  ...row,
  providerMessageId: row.providerMessageId ?? undefined,
  providerBatchId: row.providerBatchId ?? undefined,
});

/** Asks a provider about messages whose receipt is overdue; what it says goes the way of every receipt. */
export async function lookUpMessages(
  { database, connections, clock, logger }: LookUpOptions,
  { providerId, messageIds }: { providerId: string; messageIds: readonly string[] },
): Promise<void> {
  const connection = await connections.get(providerId);
  if (!connection) return;
  const rows = await database.query<OpenMessage & Record<string, unknown>>(readOpen, [
    messageIds,
    ["SUBMITTED", "SENT", "UNKNOWN"],
  ]);
  const known = rows.map(toOpenMessage).filter((one) => one.providerMessageId ?? one.providerBatchId);
  if (known.length === 0) return;
  const reply = await connection.client.lookUp(known);
  if (!reply.ok) return logger.warn({ providerId, problem: reply.problem }, "could not look messages up");
  const receivedAt = clock.now();
  const received = reply.value.map(
    (receipt) => ({ providerId, source: "POLL", receivedAt, receipt }) as const,
  );
  await database.transaction((transaction) => applyReceipts(transaction, received));
}

/** Finds out what became of a submission that was written and not answered. */
export async function reconcileMessage(options: LookUpOptions, messageId: string): Promise<void> {
  const { database, connections, clock, logger } = options;
  const [row] = await database.query<OpenMessage & Record<string, unknown>>(readOpen, [
    [messageId],
    ["OUTCOME_UNKNOWN"],
  ]);
  const connection = row && (await connections.get(row.providerId));
  if (!row || !connection) return;
  const outcome = await connection.client.reconcile(toOpenMessage(row));
  if (outcome.kind === "unavailable") {
    return logger.warn({ messageId, problem: outcome.problem }, "could not reconcile a message");
  }
  if (outcome.kind === "found") await bind(database, row, outcome, clock.now());
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
    nextCheckAt: firstCheckAt("SUBMITTED", receivedAt, Math.random),
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
