import type { Clock } from "../../lib/clock.ts";
import type { Database, Queryable, Statement } from "../../database/database.ts";
import { checkReason, isLastCheck, nextCheckAt, spread, type CheckReason } from "../model/check-schedule.ts";
import { addJobs, dispatchKey, type NewJob } from "../../queue/jobs.ts";
import { lookUpJob } from "./look-up.ts";
import { overdue } from "../model/status.ts";
import type { StatusChange } from "../model/status-change.ts";
import { applyChanges } from "../changes/transition.ts";
import { noteOverdue, type CheckedMessage, type OverdueWatch } from "./overdue.ts";

const maxClaimSize = 500;
/** The rest comes in the next round, and other workers take part. */
const maxOfRound = 20 * maxClaimSize;
const maxLookUpSize = 50;
/** How many bulk requests are taken up in one statement. */
const maxTakeUpSize = 10;

interface DueMessage extends CheckedMessage {
  validUntil: Date | null;
  /** Checks since the last news, this one included. */
  checks: number;
}

interface Check extends DueMessage {
  reason: CheckReason;
}

// By now most messages have had their receipt and need no row of their own. A message may have left the
// status and come back to it: then its time counts from its return. Rows are inserted in the order of the
// ids, as everywhere: otherwise two transactions that insert the same ones could wait for each other.
const takeUp: Statement = {
  name: "take_up_bulk_checks",
  text: `
    with due as (
      delete from bulk_checks
      where id = any (array(
        select id from bulk_checks where at <= $1 order by at limit ${maxTakeUpSize} for update skip locked
      ))
      returning *
    ), planned as (
      insert into message_checks (message_id, at)
      select m.id, greatest(due.at, m.updated_at + interval '1 second' * (due.spread / ${spread}))
        + interval '1 second' * due.spread * ('x' || right(m.id::text, 4))::bit(16)::int / 65536.0
      from due
      join messages as m on m.id = any (due.message_ids)
      where case m.status when due.status then true else false end
      order by m.id
      on conflict do nothing
    )
    select count(*)::int as count from due`,
};

const readDue: Statement = {
  name: "read_due_checks",
  text: `
    select m.id, m.account_id as "accountId", m.provider_id as "providerId", p.kind, m.country, m.status,
      m.submitted_at as "submittedAt", m.valid_until as "validUntil", c.overdue_at as "overdueAt", c.checks + 1 as checks
    from message_checks as c
    join messages as m on m.id = c.message_id
    join providers as p on p.id = m.provider_id
    where c.at <= $1
    order by c.at
    limit $2
    for no key update of m, c skip locked`,
};

const planNext: Statement = {
  name: "plan_next_checks",
  text: `
    with next as (
      select * from unnest($1::uuid[], $2::smallint[], $3::timestamptz[]) as n (id, checks, at)
    ), over as (
      delete from message_checks where message_id in (select id from next where at is null)
    ), planned as (
      update message_checks as c set checks = n.checks, at = n.at
      from next as n
      where c.message_id = n.id and n.at is not null
    )
    -- Messages with overdue receipts are listed apart, so that they do not slow down lists of those in time.
    update messages as m set listed_as = '${overdue}'
    from next as n
    where m.id = n.id and m.status in ('SUBMITTED', 'SENT') and m.listed_as <> '${overdue}'`,
};

/**
 * Queues the status queries that are due, in the transaction that plans the next ones. Several workers may do
 * this at once. Returns how many messages were due.
 */
export async function queueDueChecks(
  database: Database,
  clock: Clock,
  watch?: OverdueWatch,
): Promise<number> {
  const now = clock.now();
  await takeUpDue(database, now);
  // All that is due at once, so that one reading of a provider's list serves it all.
  for (let count = 0; ;) {
    const due = await queueDue(database, now);
    if (watch) await noteOverdue(database, watch, due, now);
    count += due.length;
    if (due.length < maxClaimSize || count >= maxOfRound) return count;
  }
}

function queueDue(database: Database, now: Date): Promise<DueMessage[]> {
  return database.transaction(async (transaction) => {
    const due = await transaction.query<DueMessage>(readDue, [now, maxClaimSize]);
    if (due.length === 0) return due;
    const checks = due.flatMap((message) => {
      // A final message that is still on the plan is one of which parts were not reported.
      const reason = checkReason(message.status, message.kind, true);
      return reason ? [{ ...message, reason }] : [];
    });
    await transaction.query(planNext, [
      due.map(({ id }) => id),
      due.map((message) => message.checks),
      due.map((message) => planned(checks, message, now)),
    ]);
    const { last = [], more = [] } = Object.groupBy(checks, (check) =>
      isLastCheck(check.reason, check.checks) || hasLapsed(check, now) ? "last" : "more",
    );
    await giveUp(transaction, last, now);
    await addJobs(transaction, questions(more));
    return due;
  });
}

/** Gives each message that still needs a check a row of its own, for a few requests at a time. */
async function takeUpDue(database: Database, now: Date): Promise<void> {
  for (;;) {
    const [taken] = await database.query<{ count: number }>(takeUp, [now]);
    if ((taken?.count ?? 0) < maxTakeUpSize) return;
  }
}

function planned(checks: readonly Check[], { id }: DueMessage, now: Date): Date | null {
  const check = checks.find((one) => one.id === id);
  const next = check ? nextCheckAt(check.reason, check.checks, id, now) : null;
  const end = check && lapsesAt(check);
  return next && end && next > end && end > now ? end : next;
}

/** How long after its validity period a receipt may still come. */
const graceMs = 6 * 3_600_000;

/** When a message that was submitted is given up because its validity period is over. */
const lapsesAt = ({ status, validUntil }: Check): Date | undefined =>
  validUntil && (status === "SUBMITTED" || status === "SENT")
    ? new Date(validUntil.getTime() + graceMs)
    : undefined;

function hasLapsed(check: Check, now: Date): boolean {
  const end = lapsesAt(check);
  return end !== undefined && end <= now;
}

function questions(checks: readonly Check[]): NewJob[] {
  const { uncertain = [], abandoned = [], ...others } = Object.groupBy(checks, ({ reason }) => reason);
  const withoutReceipt = Map.groupBy(Object.values(others).flat(), ({ providerId }) => providerId);
  return [
    ...[...Map.groupBy(uncertain, ({ providerId }) => providerId)].map(([providerId, messages]) =>
      reconcileJob(providerId, messages),
    ),
    // The message lost its worker and its job. The job that runs again finds it SUBMITTING and records that
    // it may have been sent.
    ...abandoned.map(
      ({ id }) => ({ task: "dispatch", payload: { messageId: id }, key: dispatchKey(id) }) as const,
    ),
    ...[...withoutReceipt].flatMap(([providerId, messages]) => lookUpJobs(providerId, messages)),
  ];
}

/**
 * Messages of one request become due within about a second: waiting lets one reading of the list serve all.
 */
const gatherMs = 1_500;

/** One job per provider at a time, for everything that becomes due before it starts. */
function reconcileJob(providerId: string, messages: readonly DueMessage[]): NewJob {
  const name = `reconcile ${providerId}`;
  const payload = messages.map(({ id }) => id);
  return { task: "reconcile", payload, key: name, queue: name, delayMs: gatherMs };
}

function lookUpJobs(providerId: string, messages: readonly DueMessage[]): NewJob[] {
  const jobs: NewJob[] = [];
  for (let start = 0; start < messages.length; start += maxLookUpSize) {
    const messageIds = messages.slice(start, start + maxLookUpSize).map(({ id }) => id);
    jobs.push(lookUpJob(providerId, messageIds));
  }
  return jobs;
}

/** The provider could not tell in all that time. A later receipt is still accepted. */
async function giveUp(transaction: Queryable, checks: readonly Check[], receivedAt: Date): Promise<void> {
  const {
    revisable: _revisable,
    incomplete: _incomplete,
    abandoned = [],
    ...others
  } = Object.groupBy(checks, ({ reason }) => reason);
  const changes = Object.values(others)
    .flat()
    .map(({ id, reason }) => ({
      messageId: id,
      status: "UNKNOWN" as const,
      source: reason === "uncertain" ? ("RECONCILE" as const) : ("POLL" as const),
      receivedAt,
      isEnd: true,
      detail: "No final receipt came, and the provider could not say when asked. We have stopped asking.",
    }));
  const all = [...abandoned.map((message) => abandon(message, receivedAt)), ...changes];
  if (all.length > 0) await applyChanges(transaction, all);
}

/** No attempt is left that could end: the provider is asked from now on, and then the message is given up. */
const abandon = ({ id: messageId, providerId }: Check, receivedAt: Date): StatusChange => ({
  messageId,
  providerId,
  status: "OUTCOME_UNKNOWN",
  source: "DISPATCH",
  receivedAt,
  onlyFrom: ["SUBMITTING"],
  detail: "Nobody recorded how its last attempt ended: the provider may or may not have it.",
});
