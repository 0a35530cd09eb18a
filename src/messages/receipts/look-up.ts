import type { Clock } from "../../lib/clock.ts";
import type { Connection, Connections } from "../../connections/connections.ts";
import type { WorkerPlaces } from "../../lanes/provider-places.ts";
import { readQueryState } from "../../lanes/query-slots.ts";
import type { Database, Queryable, Statement } from "../../database/database.ts";
import type { Logger } from "../../lib/logger.ts";
import { OnceAnHour } from "../../lib/once-an-hour.ts";
import type { E164, SubmittedMessage } from "../../providers/provider.ts";
import { addJobs, type NewJob } from "../../queue/jobs.ts";
import type { MessageStatus } from "../model/status.ts";
import { noteReceipts } from "./receipt-spans.ts";
import { applyReceipts } from "./receipts.ts";

export interface LookUpOptions {
  database: Database;
  connections: Connections;
  clock: Clock;
  logger: Logger;
  places: Pick<WorkerPlaces, "asking">;
}

/** A message about which its provider will be asked. */
export interface UnresolvedMessage {
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
  /** Whether its provider is switched on, and whether it was disconnected. */
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

export const readUnresolvedMessages = (
  database: Queryable,
  ids: readonly string[],
  statuses: readonly MessageStatus[],
): Promise<UnresolvedMessage[]> => database.query<UnresolvedMessage>(readOpen, [ids, statuses]);

/** How many jobs of one provider run at a time; jobs of other providers never wait for them. */
const lookUpsAtOnce = 3;

/** @param delayMs counts by the database's clock: that of a worker may be hours ahead */
export function lookUpJob(providerId: string, messageIds: readonly string[], delayMs = 0): NewJob {
  const turn = Number.parseInt(messageIds[0]?.slice(-4) ?? "", 16) % lookUpsAtOnce || 0;
  const payload = { providerId, messageIds: [...messageIds] };
  return { task: "look-up", payload, priority: "LOW", queue: `look-up ${providerId} ${turn}`, delayMs };
}

/**
 * Connections with a limit that this process is querying. One job at a time, so that its other workers are
 * free for submissions.
 */
const inProgress = new WeakSet<Connection>();

/** How many queries may be made now, or how soon to come back. */
type QueryPermit = { kind: "ask"; questions: number } | { kind: "wait"; delayMs: number };

const questionSeconds = 3;

/** Postponed jobs are spread over four seconds, by message id. */
const soonMs = (messageId = ""): number => 1_000 + (Number.parseInt(messageId.slice(-4), 16) || 0) / 16;

async function acquirePermit(
  { database, clock }: LookUpOptions,
  connection: Connection,
  messageId: string | undefined,
): Promise<QueryPermit> {
  const now = clock.now();
  const later = (afterMs: number): QueryPermit => ({
    kind: "wait",
    delayMs: Math.max(0, afterMs) + soonMs(messageId),
  });
  const state = await readQueryState(database, connection.row.id, now);
  if (state?.isOpen) return later((state.openUntil?.getTime() ?? 0) - now.getTime());
  if (state?.rate == null) return { kind: "ask", questions: Infinity };
  if (inProgress.has(connection)) return later(0);
  return { kind: "ask", questions: Math.max(1, Math.floor(state.rate * questionSeconds)) };
}

/** A final status may be revised, or not tell of all parts. */
const asked = [
  "SUBMITTED",
  "SENT",
  "UNKNOWN",
  "DELIVERED",
  "UNDELIVERED",
  "EXPIRED",
  "REJECTED",
  "FAILED",
] as const;

/** Asks a provider about messages whose receipt is overdue; its answer is handled like every receipt. */
export async function lookUpMessages(
  options: LookUpOptions,
  { providerId, messageIds }: { providerId: string; messageIds: readonly string[] },
): Promise<void> {
  const connection = await options.connections.get(providerId);
  if (!connection) return;
  const permit = await acquirePermit(options, connection, messageIds[0]);
  if (permit.kind === "wait") return postpone(options, providerId, messageIds, permit.delayMs);
  const hasPlace = await options.places.asking.hold({ accountId: connection.row.accountId, providerId }, () =>
    lookUpAt(options, connection, messageIds, permit.questions),
  );
  if (!hasPlace) await postpone(options, providerId, messageIds, soonMs(messageIds[0]));
}

async function lookUpAt(
  options: LookUpOptions,
  connection: Connection,
  messageIds: readonly string[],
  questions: number,
): Promise<void> {
  const { database, clock } = options;
  const providerId = connection.row.id;
  const rows = await readUnresolvedMessages(database, messageIds, asked);
  const known = rows
    .filter((row) => row.providerId === providerId && (row.providerMessageId ?? row.providerBatchId))
    .map((row) => toSubmitted(row, clock.now()));
  const unasked =
    questions === Infinity
      ? await ask(options, connection, known)
      : await askInTurn(options, connection, known, questions);
  if (unasked.length === 0) return;
  const ids = unasked.map(({ messageId }) => messageId);
  await postpone(options, providerId, ids, soonMs(ids[0]));
}

/**
 * Makes one query after the other, as many as fit into a few seconds. Returns the messages that were not
 * asked about.
 */
async function askInTurn(
  options: LookUpOptions,
  connection: Connection,
  messages: readonly SubmittedMessage[],
  questions: number,
): Promise<readonly SubmittedMessage[]> {
  // One answer may cover all messages of a batch.
  const groups = [
    ...Map.groupBy(messages, (message) => message.providerBatchId ?? message.messageId).values(),
  ];
  inProgress.add(connection);
  try {
    for (const [index, group] of groups.entries()) {
      const left = index < questions ? await ask(options, connection, group) : group;
      if (left.length > 0) return [left, ...groups.slice(index + 1)].flat();
    }
    return [];
  } finally {
    inProgress.delete(connection);
  }
}

const problems = new OnceAnHour();

/** Returns the messages if the query was deferred, to be made later. */
async function ask(
  { database, clock, logger }: LookUpOptions,
  { throttledClient, row: { id: providerId } }: Connection,
  messages: readonly SubmittedMessage[],
): Promise<readonly SubmittedMessage[]> {
  if (messages.length === 0) return [];
  const reply = await throttledClient.lookUp(messages);
  if (!reply.ok) {
    const { problem } = reply;
    if (problem.kind === "deferred") return messages;
    problems.say(`${providerId} ${problem.kind} ${problem.detail}`, (keptBack) =>
      logger.warn({ providerId, problem, keptBack }, "could not look messages up"),
    );
    return [];
  }
  const receivedAt = clock.now();
  const received = reply.value.map(
    (receipt) => ({ providerId, source: "POLL", receivedAt, receipt }) as const,
  );
  noteReceipts(await database.transaction((transaction) => applyReceipts(transaction, received)));
  return [];
}

async function postpone(
  { database }: LookUpOptions,
  providerId: string,
  messageIds: readonly string[],
  delayMs: number,
): Promise<void> {
  await addJobs(database, [lookUpJob(providerId, messageIds, delayMs)]);
}

const toSubmitted = (
  { messageId, to, providerMessageId, providerBatchId, attemptedAt }: UnresolvedMessage,
  now: Date,
): SubmittedMessage => ({
  messageId,
  to,
  ageSeconds: (now.getTime() - attemptedAt.getTime()) / 1000,
  providerMessageId: providerMessageId ?? undefined,
  providerBatchId: providerBatchId ?? undefined,
});
