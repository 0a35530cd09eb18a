import type { Clock } from "../../lib/clock.ts";
import type { Connection, Connections } from "../../connections/connections.ts";
import { noTurnText, readTurnState } from "../../lanes/turns.ts";
import type { Database, Statement } from "../../database/database.ts";
import type { Logger } from "../../lib/logger.ts";
import type {
  E164,
  ReconcileOutcome,
  SubmittedMessage,
  UncertainSubmission,
} from "../../providers/provider.ts";
import { addJobs } from "../../queue/jobs.ts";
import { applyReceipts } from "./receipts.ts";
import { applyChanges } from "../changes/transition.ts";
import { validityMinutes } from "../model/validity.ts";
import type { ReceivedReceipt } from "./received-receipt.ts";

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
  /** Whether its provider is used at present, and whether it is connected at all. */
  enabled: boolean;
  disconnected: boolean;
}

const readOpen: Statement = {
  name: "read_open_messages",
  text: `
    select m.id as "messageId", m.recipient as to, m.sender as from, m.text, m.flash,
      m.valid_until as "validUntil", m.provider_id as "providerId",
      m.provider_message_id as "providerMessageId", m.provider_batch_id as "providerBatchId",
      coalesce(
        (select max(started_at) from bulk_attempts where m.id = any (message_ids)),
        (select max(started_at) from attempts where message_id = m.id and provider_id = m.provider_id),
        m.created_at
      ) as "attemptedAt",
      p.enabled, p.disconnected_at is not null as disconnected
    from messages as m
    join providers as p on p.id = m.provider_id
    where m.id = any ($1::uuid[]) and m.status = any ($2::message_status[])`,
};

/** Rate-limited connections that this process is asking: the others of its workers are for submissions. */
const asking = new WeakSet<Connection>();

/** How much may be asked now, or when to come back. */
type Chance = { kind: "ask"; questions: number } | { kind: "wait"; runAt: Date };

const questionSeconds = 3;

/** What waits comes back at different times, as its id says. */
const spreadMs = (messageId = ""): number => (Number.parseInt(messageId.slice(-4), 16) || 0) / 16;

async function findChance(
  { database, clock }: LookUpOptions,
  connection: Connection,
  messageId: string | undefined,
): Promise<Chance> {
  const now = clock.now();
  const later = (from: Date): Chance => ({
    kind: "wait",
    runAt: new Date(from.getTime() + 1_000 + spreadMs(messageId)),
  });
  const state = await readTurnState(database, connection.row.id, now);
  if (state?.isOpen) return later(state.openUntil ?? now);
  if (state?.rate == null) return { kind: "ask", questions: Infinity };
  if (asking.has(connection)) return later(now);
  return { kind: "ask", questions: Math.max(1, Math.floor(state.rate * questionSeconds)) };
}

/** Asks a provider about messages whose receipt is overdue; what it says goes the way of every receipt. */
export async function lookUpMessages(
  options: LookUpOptions,
  { providerId, messageIds }: { providerId: string; messageIds: readonly string[] },
): Promise<void> {
  const { database, connections, clock } = options;
  const connection = await connections.get(providerId);
  if (!connection) return;
  const chance = await findChance(options, connection, messageIds[0]);
  if (chance.kind === "wait") return postpone(options, providerId, messageIds, chance.runAt);
  const statuses = ["SUBMITTED", "SENT", "UNKNOWN", "DELIVERED"];
  const rows = await database.query<OpenMessage>(readOpen, [messageIds, statuses]);
  const known = rows
    .filter((row) => row.providerId === providerId && (row.providerMessageId ?? row.providerBatchId))
    .map((row) => toSubmitted(row, clock.now()));
  const unasked =
    chance.questions === Infinity
      ? await ask(options, connection, known)
      : await askInTurn(options, connection, known, chance.questions);
  if (unasked.length === 0) return;
  const ids = unasked.map(({ messageId }) => messageId);
  await postpone(options, providerId, ids, new Date(clock.now().getTime() + 1_000 + spreadMs(ids[0])));
}

/** One question after the other, of which as many as fit into a few seconds. Returns what was not asked about. */
async function askInTurn(
  options: LookUpOptions,
  connection: Connection,
  messages: readonly SubmittedMessage[],
  questions: number,
): Promise<readonly SubmittedMessage[]> {
  // Messages of one batch may come with one answer.
  const groups = [
    ...Map.groupBy(messages, (message) => message.providerBatchId ?? message.messageId).values(),
  ];
  asking.add(connection);
  try {
    for (const [index, group] of groups.entries()) {
      const left = index < questions ? await ask(options, connection, group) : group;
      if (left.length > 0) return [left, ...groups.slice(index + 1)].flat();
    }
    return [];
  } finally {
    asking.delete(connection);
  }
}

/** Returns the messages if it was not their turn. */
async function ask(
  { database, clock, logger }: LookUpOptions,
  { asker, row: { id: providerId } }: Connection,
  messages: readonly SubmittedMessage[],
): Promise<readonly SubmittedMessage[]> {
  if (messages.length === 0) return [];
  const reply = await asker.lookUp(messages);
  if (!reply.ok) {
    if (reply.problem.detail === noTurnText) return messages;
    logger.warn({ providerId, problem: reply.problem }, "could not look messages up");
    return [];
  }
  const receivedAt = clock.now();
  const received = reply.value.map(
    (receipt) => ({ providerId, source: "POLL", receivedAt, receipt }) as const,
  );
  await database.transaction((transaction) => applyReceipts(transaction, received));
  return [];
}

async function postpone(
  { database }: LookUpOptions,
  providerId: string,
  messageIds: readonly string[],
  runAt: Date,
): Promise<void> {
  const payload = { providerId, messageIds: [...messageIds] };
  await addJobs(database, [{ task: "look-up", payload, runAt, priority: "LOW" }]);
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

/** How long a resend waits for a connection that is switched off to be switched on. */
const disabledRetryMs = 60_000;

/**
 * Finds out what became of a submission that was written and not answered. `isFirst`: nobody has asked before, so
 * a provider that recognises a resend by its message id may be asked that way, as long as it is used at all.
 */
export async function reconcileMessage(
  options: LookUpOptions,
  { messageId, isFirst }: { messageId: string; isFirst: boolean },
): Promise<void> {
  const { database, connections, clock, logger } = options;
  const [row] = await database.query<OpenMessage>(readOpen, [[messageId], ["OUTCOME_UNKNOWN"]]);
  const connection = row && (await connections.get(row.providerId));
  if (!row || !connection) return;
  const again = (runAt: Date): Promise<void> =>
    addJobs(database, [{ task: "reconcile", payload: { messageId, isFirst }, runAt }]);
  const chance = await findChance(options, connection, messageId);
  if (chance.kind === "wait") return again(chance.runAt);
  const question = await questionOf(options, row, connection);
  const resendAllowed = isFirst && row.enabled && !row.disconnected;
  const outcome = await alone(connection, chance, () =>
    connection.asker.reconcile({ ...question, resendAllowed }),
  );
  if (outcome.kind === "unavailable") {
    // The last request of it was not written, and so nothing was sent again.
    if (outcome.problem.detail === noTurnText)
      return again(new Date(clock.now().getTime() + 1_000 + spreadMs(messageId)));
    return logger.warn({ messageId, problem: outcome.problem }, "could not reconcile a message");
  }
  if (outcome.kind === "found") return bind(database, row, outcome, clock.now());
  if (isFirst && !row.enabled && !row.disconnected)
    await again(new Date(clock.now().getTime() + disabledRetryMs));
}

/** While a connection with a limit is asked, nobody else of this process asks it. */
async function alone<Value>(
  connection: Connection,
  chance: Chance,
  run: () => Promise<Value>,
): Promise<Value> {
  if (chance.kind === "ask" && chance.questions === Infinity) return run();
  asking.add(connection);
  try {
    return await run();
  } finally {
    asking.delete(connection);
  }
}

async function questionOf(
  { database, connections }: LookUpOptions,
  { messageId, to, from, text, flash, validUntil, attemptedAt }: OpenMessage,
  connection: Connection,
): Promise<UncertainSubmission> {
  return {
    messageId,
    to,
    from,
    text,
    flash,
    attemptedAt,
    validityMinutes: validityMinutes(validUntil, attemptedAt),
    callbackUrl: connections.callbackUrl(connection),
    claimedIds: await readClaimedIds(database, messageId),
  };
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
    providerId,
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
