import type { Connection } from "../../connections/connections.ts";
import type { Database, Queryable, Statement } from "../../database/database.ts";
import { readQueryState } from "../../lanes/query-slots.ts";
import { OnceAnHour } from "../../lib/once-an-hour.ts";
import type { ReconcileOutcome, ReconcileSupport, UncertainSubmission } from "../../providers/provider.ts";
import { applyChanges } from "../changes/transition.ts";
import { validityMinutes } from "../model/validity.ts";
import { readUnresolvedMessages, type LookUpOptions, type UnresolvedMessage } from "./look-up.ts";
import type { ReceivedReceipt } from "./received-receipt.ts";
import { noteReceipts } from "./receipt-spans.ts";
import { applyReceipts, type ReceiptOutcome } from "./receipts.ts";

/** The most submissions in one search; the others come next. */
const maxTogether = 2_000;
const deferMs = 1_000;
/** How long a resend waits before it checks again whether its connection is switched on. */
const disabledRetryMs = 60_000;
/** How many messages are updated in one transaction. */
const maxBound = 200;

const problems = new OnceAnHour();

/**
 * Finds out what became of submissions that were written and not answered. `isRepeated`: a worker that ended
 * had begun this, and may have asked already.
 */
export async function reconcileMessages(
  options: LookUpOptions,
  messageIds: readonly string[],
  { isRepeated }: { isRepeated: boolean },
): Promise<void> {
  const ids = [...new Set(messageIds)];
  await postponeChecks(options, ids.slice(maxTogether), deferMs);
  const rows = await readUnresolvedMessages(options.database, ids.slice(0, maxTogether), ["OUTCOME_UNKNOWN"]);
  if (isRepeated) await noteResends(options, rows);
  for (const [providerId, ofProvider] of Map.groupBy(rows, (row) => row.providerId)) {
    const connection = await options.connections.get(providerId);
    if (!connection) continue;
    const hasPlace = await options.places.asking.hold(
      { accountId: connection.row.accountId, providerId },
      () => reconcileAt(options, connection, ofProvider),
    );
    if (!hasPlace) await postponeChecks(options, messageIdsOf(ofProvider), deferMs);
  }
}

async function reconcileAt(
  options: LookUpOptions,
  connection: Connection,
  rows: readonly UnresolvedMessage[],
): Promise<void> {
  const { database, clock } = options;
  const ids = rows.map(({ messageId }) => messageId);
  const now = clock.now();
  const state = await readQueryState(database, connection.row.id, now);
  if (state?.isOpen === true) {
    const openMs = (state.openUntil?.getTime() ?? 0) - now.getTime();
    return postponeChecks(options, ids, Math.max(0, openMs) + deferMs);
  }
  const support = createSupport(options, connection, rows);
  const questions = rows.map((row) => questionOf(options, row, connection));
  const outcomes = await connection.throttledClient.reconcile(questions, support);
  const answered = rows.map((row, index) => ({ row, outcome: outcomes[index] ?? absent }));
  await bindAll(database, answered, clock.now());
  for (const { row, outcome } of answered) {
    if (outcome.kind === "unavailable") noteProblem(options, row, outcome.problem);
  }
  // The query was deferred, or a resend waits for the connection to be switched on.
  await postponeChecks(options, idsOf(answered.filter(isDeferred)), deferMs);
  const isWaiting = ({ row, outcome }: Answered): boolean => outcome.kind === "absent" && support.waits(row);
  await postponeChecks(options, idsOf(answered.filter(isWaiting)), disabledRetryMs);
}

const isDeferred = ({ outcome }: Answered): boolean =>
  outcome.kind === "unavailable" && outcome.problem.kind === "deferred";

interface Answered {
  row: UnresolvedMessage;
  outcome: ReconcileOutcome;
}

const absent: ReconcileOutcome = { kind: "absent" };
const idsOf = (answered: readonly Answered[]): string[] => messageIdsOf(answered.map(({ row }) => row));
const messageIdsOf = (rows: readonly UnresolvedMessage[]): string[] => rows.map(({ messageId }) => messageId);

function noteProblem(
  { logger }: LookUpOptions,
  { providerId, messageId }: UnresolvedMessage,
  problem: Extract<ReconcileOutcome, { kind: "unavailable" }>["problem"],
): void {
  if (problem.kind === "deferred") return;
  problems.say(`${providerId} ${problem.kind} ${problem.detail}`, (keptBack) =>
    logger.warn({ providerId, messageId, problem, keptBack }, "could not reconcile messages"),
  );
}

function questionOf(
  { connections }: LookUpOptions,
  { messageId, to, from, text, flash, validUntil, attemptedAt }: UnresolvedMessage,
  connection: Connection,
): UncertainSubmission {
  return {
    messageId,
    to,
    from,
    text,
    flash,
    attemptedAt,
    validityMinutes: validityMinutes(validUntil, attemptedAt),
    callbackUrl: connections.callbackUrl(connection),
  };
}

const findKnownIds: Statement = {
  name: "find_known_provider_message_ids",
  text: `
    select provider_message_id as id from messages
    where provider_id = $1 and provider_message_id = any ($2)`,
};

// Limited by id, which contains the time, since there is no index by batch: a single message is submitted
// soon after it is stored.
const findKnownBatches: Statement = {
  name: "find_known_provider_batch_ids",
  text: `
    select distinct provider_batch_id as id from messages
    where provider_id = $1 and provider_batch_id = any ($2) and id >= $3`,
};

/** Up to this many, opening the batches is faster than finding out which are known. */
const fewBatches = 20;

const claimResend: Statement = {
  name: "claim_resend",
  text: `
    insert into message_checks as c (message_id, at, resent_at) values ($1, $2::timestamptz + interval '1 minute', $2)
    on conflict (message_id) do update set resent_at = excluded.resent_at where c.resent_at is null
    returning c.message_id`,
};

const returnResend: Statement = {
  name: "return_resend",
  text: "update message_checks set resent_at = null where message_id = $1",
};

/**
 * What the adapter may ask us while it searches. `waits`: whether the message would be resent if its
 * connection were switched on.
 */
function createSupport(
  { database, clock }: LookUpOptions,
  { row: { id: providerId } }: Connection,
  rows: readonly UnresolvedMessage[],
): ReconcileSupport & { waits: (row: UnresolvedMessage) => boolean } {
  const byId = new Map(rows.map((row) => [row.messageId, row]));
  const waiting = new Set<string>();
  const find = async (statement: Statement, values: unknown[]): Promise<ReadonlySet<string>> =>
    new Set((await database.query<{ id: string }>(statement, values)).map(({ id }) => id));
  return {
    waits: ({ messageId }) => waiting.has(messageId),
    knownIds: (ids) => find(findKnownIds, [providerId, ids]),
    knownBatches: async (ids) =>
      ids.length > fewBatches
        ? find(findKnownBatches, [providerId, ids, rows.map(({ messageId }) => messageId).toSorted()[0]])
        : new Set<string>(),
    async claimResend(messageId) {
      const row = byId.get(messageId);
      const now = clock.now();
      // A resend after the validity period would come too late.
      if (!row || row.disconnected || (row.validUntil && row.validUntil <= now)) return false;
      if (row.enabled) return (await database.query(claimResend, [messageId, now])).length > 0;
      waiting.add(messageId);
      return false;
    },
    returnResend: async (messageId) => void (await database.query(returnResend, [messageId])),
  };
}

const findResent: Statement = {
  name: "find_resent",
  text: "select message_id as id from message_checks where message_id = any ($1::uuid[]) and resent_at is not null",
};

/**
 * Notes that a worker ended during what may have been a resend. A resend is allowed only once, so it is not
 * repeated.
 */
async function noteResends(
  { database, clock }: LookUpOptions,
  rows: readonly UnresolvedMessage[],
): Promise<void> {
  const resent = await database.query<{ id: string }>(findResent, [rows.map(({ messageId }) => messageId)]);
  if (resent.length === 0) return;
  const note = {
    status: "OUTCOME_UNKNOWN",
    // DISPATCH, since a repeat from RECONCILE would not be added to the timeline.
    source: "DISPATCH",
    receivedAt: clock.now(),
    detail:
      "A worker ended while it may have been sending the message once more, under the same id, to learn what became " +
      "of it. It is not sent again: another query to the provider, or a receipt, will show the outcome.",
  } as const;
  const providers = new Map(rows.map(({ messageId, providerId }) => [messageId, providerId]));
  await database.transaction((transaction) =>
    applyChanges(
      transaction,
      resent.map(({ id: messageId }) => ({ ...note, messageId, providerId: providers.get(messageId) })),
    ),
  );
}

const postpone: Statement = {
  name: "postpone_checks",
  text: `
    update message_checks set at = $2, checks = greatest(checks - 1, 0)
    where message_id = any ($1::uuid[])`,
};

/** Moves the check that is due to a later time, without counting it. */
async function postponeChecks(
  { database, clock }: LookUpOptions,
  messageIds: readonly string[],
  delayMs: number,
): Promise<void> {
  if (messageIds.length === 0) return;
  await database.query(postpone, [messageIds, new Date(clock.now().getTime() + delayMs)]);
}

async function bindAll(database: Database, answered: readonly Answered[], receivedAt: Date): Promise<void> {
  const found = answered.flatMap(({ row, outcome }) => (outcome.kind === "found" ? [{ row, outcome }] : []));
  for (let start = 0; start < found.length; start += maxBound) {
    const part = found.slice(start, start + maxBound);
    noteReceipts(await database.transaction((transaction) => bind(transaction, part, receivedAt)));
  }
}

async function bind(
  transaction: Queryable,
  found: readonly { row: UnresolvedMessage; outcome: Extract<ReconcileOutcome, { kind: "found" }> }[],
  receivedAt: Date,
): Promise<ReceiptOutcome[]> {
  const accepted = found.map(
    ({ row: { messageId, providerId }, outcome: { providerMessageId, providerBatchId } }) =>
      ({
        messageId,
        providerId,
        status: "SUBMITTED",
        source: "RECONCILE",
        receivedAt,
        providerMessageId,
        providerBatchId,
        detail: "The provider's own list shows that it accepted the message.",
      }) as const,
  );
  const received = found.flatMap(({ row: { providerId }, outcome }) =>
    outcome.receipts.map((receipt): ReceivedReceipt => ({
      providerId,
      source: "RECONCILE",
      receivedAt,
      receipt,
    })),
  );
  await applyChanges(transaction, accepted);
  return applyReceipts(transaction, received);
}
