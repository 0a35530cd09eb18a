import { compareIds } from "../../lib/compare-ids.ts";
import type { Queryable, Statement } from "../../database/database.ts";
import { toDate, type Flag } from "../../database/raw-row.ts";
import type { SubmitOutcome } from "../../providers/provider.ts";
import type { MessageStatus } from "../model/status.ts";
import type { DuplicatePolicy } from "../model/stored-route.ts";
import type { TextEncoding } from "../../sms/text.ts";
import type { MessagePriority } from "../model/priority.ts";

/** A message as the dispatcher needs it. */
export interface DispatchMessage {
  id: string;
  accountId: string;
  providerId: string;
  /** Null for a single message. */
  campaignId: string | null;
  recipient: string;
  sender: string;
  text: string;
  encoding: TextEncoding;
  segments: number;
  flash: boolean;
  priority: MessagePriority;
  status: MessageStatus;
  validUntil: Date | null;
  cadenceGroupId: string | null;
  dltTemplateId: string | null;
  country: string | null;
  mccmnc: string | null;
  /** Whether routing chose the provider, and may choose another. */
  routed: boolean;
  duplicatePolicy: DuplicatePolicy;
  /** Whether the caller named the sender ID; otherwise another provider uses its own. */
  senderGiven: boolean;
  /** Providers that it was handed to. */
  triedProviders: readonly string[];
  /** Attempts made so far. */
  attempts: number;
  /** Attempts that were refused for lack of credit: they do not count towards the limit. */
  attemptsWithoutCredit: number;
  /** Whether one of the attempts has not ended yet. */
  hasOpenAttempt: boolean;
  /** Since when it waits only for an earlier message to the same recipient; null when it need not wait. */
  behindSince: Date | null;
  /** Whether another message waits until this one has been handed over. */
  isFollowed: boolean;
}

/**
 * What `dispatchColumns` selects, as PostgreSQL sends it (a `raw` statement): a campaign claims messages by
 * the thousand.
 */
export type DispatchRow = [
  id: string,
  accountId: string,
  providerId: string,
  campaignId: string | null,
  recipient: string,
  sender: string,
  text: string,
  encoding: TextEncoding,
  segments: string,
  flash: Flag,
  priority: MessagePriority,
  status: MessageStatus,
  validUntil: string | null,
  cadenceGroupId: string | null,
  dltTemplateId: string | null,
  country: string | null,
  mccmnc: string | null,
  routed: Flag,
  duplicatePolicy: DuplicatePolicy,
  senderGiven: Flag,
  triedProviders: string | null,
  attempts: string,
  attemptsWithoutCredit: string,
  hasOpenAttempt: Flag,
];

/** Columns of `messages as m` in the order of `DispatchRow`; `attemptsSoFar` must be joined as `a`. */
export const dispatchColumns = `
  m.id, m.account_id, m.provider_id, m.campaign_id, m.recipient, m.sender, m.text, m.encoding, m.segments, m.flash,
  m.priority, m.status, date_part('epoch', m.valid_until), m.cadence_group_id, m.dlt_template_id, m.country, m.mccmnc,
  m.routed, m.duplicate_policy, coalesce((m.route ->> 'senderGiven')::boolean, true), a.tried, a.attempts,
  a.without_credit, a.is_open`;

/** @param row may have more columns after these */
export const toDispatchMessage = (row: Readonly<[...DispatchRow, ...unknown[]]>): DispatchMessage => ({
  id: row[0],
  accountId: row[1],
  providerId: row[2],
  campaignId: row[3],
  recipient: row[4],
  sender: row[5],
  text: row[6],
  encoding: row[7],
  segments: Number(row[8]),
  flash: row[9] === "t",
  priority: row[10],
  status: row[11],
  validUntil: row[12] === null ? null : toDate(row[12]),
  cadenceGroupId: row[13],
  dltTemplateId: row[14],
  country: row[15],
  mccmnc: row[16],
  routed: row[17] === "t",
  duplicatePolicy: row[18],
  senderGiven: row[19] === "t",
  triedProviders: row[20]?.split(" ") ?? [],
  attempts: Number(row[21]),
  attemptsWithoutCredit: Number(row[22]),
  hasOpenAttempt: row[23] === "t",
  behindSince: null,
  isFollowed: false,
});

// A message of version 1 has no attempts, so most messages need no look-up.
export const attemptsSoFar = `
  select coalesce(max(number), 0)::int as attempts, count(*) filter (where no_credit)::int as without_credit,
    string_agg(distinct provider_id::text, ' ') as tried,
    coalesce(bool_or(finished_at is null), false) as is_open
  from attempts where message_id = m.id and m.version > 1`;

const read: Statement = {
  name: "read_for_dispatch",
  raw: true,
  text: `
    select ${dispatchColumns},
      case when m.follows is not null and exists (
        select 1 from messages as earlier
        where earlier.id = m.follows and earlier.status in ('SCHEDULED', 'QUEUED', 'SUBMITTING')
      ) then date_part('epoch', coalesce(m.scheduled_at, m.created_at)) end,
      exists (select 1 from messages as later where later.follows = m.id)
    from messages as m
    cross join lateral (${attemptsSoFar}) as a
    where m.id = any ($1::uuid[])`,
};

export async function readAllForDispatch(
  database: Queryable,
  ids: readonly string[],
): Promise<DispatchMessage[]> {
  const rows = await database.query<[...DispatchRow, behindSince: string | null, isFollowed: Flag]>(read, [
    ids,
  ]);
  return rows.map((row) => ({
    ...toDispatchMessage(row),
    behindSince: row[24] === null ? null : toDate(row[24]),
    isFollowed: row[25] === "t",
  }));
}

export async function readForDispatch(database: Queryable, id: string): Promise<DispatchMessage | undefined> {
  return (await readAllForDispatch(database, [id]))[0];
}

const start: Statement = {
  name: "start_attempts",
  text: `
    insert into attempts (message_id, number, provider_id, started_at)
    select message_id, number, provider_id, $4
    from unnest($1::uuid[], $2::smallint[], $3::uuid[]) as a (message_id, number, provider_id)`,
};

/** Starts attempts of single messages; those of campaigns begin with `beginAttempts`. */
export async function startAttempts(
  transaction: Queryable,
  messages: readonly Pick<DispatchMessage, "id" | "attempts" | "providerId">[],
  startedAt: Date,
): Promise<void> {
  if (messages.length === 0) return;
  const ids = messages.map(({ id }) => id);
  const numbers = messages.map(({ attempts }) => attempts + 1);
  const providers = messages.map(({ providerId }) => providerId);
  await transaction.query(start, [ids, numbers, providers, startedAt]);
}

/**
 * Gives each message of the bulk requests that `condition` selects an attempt row of its own, which has not
 * ended.
 */
export const singlingOut = (name: string, condition: string): Statement => ({
  name,
  text: `
    with together as (
      delete from bulk_attempts where ${condition} returning *
    )
    insert into attempts (message_id, number, provider_id, started_at, claim)
    select a.message_id, a.number, provider_id, started_at, claim
    from together
    cross join unnest(message_ids, numbers) as a (message_id, number)
    order by a.message_id
    on conflict do nothing`,
});

const singleOut = singlingOut("single_out_claim", "claim = $1");
const singleOutOfMessage = singlingOut(
  "single_out_claim_of_message",
  "$1::uuid = any (message_ids) and started_at < $2",
);

/** For a bulk request whose attempts will end differently. */
export async function singleOutClaim(transaction: Queryable, claim: string): Promise<void> {
  await transaction.query(singleOut, [claim]);
}

/** The same for the bulk request that contains the message and started before that time, if there is one. */
export async function singleOutClaimOf(
  transaction: Queryable,
  messageId: string,
  before: Date,
): Promise<void> {
  await transaction.query(singleOutOfMessage, [messageId, before]);
}

export interface FinishedAttempt {
  message: Pick<DispatchMessage, "id">;
  attempt: number;
  outcome: SubmitOutcome;
  finishedAt: Date;
}

/** `isLate`: the attempt had already been closed as ambiguous. */
export interface Lateness {
  isLate: boolean;
}

// Open attempts are rare in the planner's statistics but frequent under load. A plain condition would make it
// start with them, and compare every open attempt with every one that is given.
const finish: Statement = {
  name: "finish_attempts",
  text: `
    with news as (
      select f.*, a.outcome is not null as is_late
      from unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::timestamptz[], $6::boolean[])
        as f (message_id, number, outcome, reason, finished_at, no_credit)
      join attempts as a on a.message_id = f.message_id and a.number = f.number
      where case when a.outcome is null then true
        else a.outcome = 'ambiguous' and f.outcome in ('accepted', 'rejected') end
      order by a.message_id
      for no key update of a
    )
    update attempts as a
    set outcome = f.outcome, reason = f.reason, finished_at = f.finished_at, no_credit = f.no_credit
    from news as f
    where a.message_id = f.message_id and a.number = f.number
    returning a.message_id as "messageId", f.is_late as "isLate"`,
};

/**
 * Records how attempts ended, each once. An attempt that was closed as ambiguous can still be accepted or
 * rejected. Returns those that had not ended before: an outcome whose commit was not confirmed is recorded a
 * second time, and its message may by then be in its next attempt.
 */
export async function finishAttempts<Finished extends FinishedAttempt>(
  transaction: Queryable,
  finished: readonly Finished[],
): Promise<(Finished & Lateness)[]> {
  const ordered = finished.toSorted((one, other) => compareIds(one.message, other.message));
  const noted = await transaction.query<{ messageId: string } & Lateness>(finish, [
    ordered.map(({ message }) => message.id),
    ordered.map(({ attempt }) => attempt),
    ordered.map(({ outcome }) => outcome.kind),
    ordered.map(({ outcome }) => reasonOf(outcome)),
    ordered.map(({ finishedAt }) => finishedAt),
    ordered.map(({ outcome }) => outcome.kind === "retryable" && outcome.noCredit === true),
  ]);
  const lateness = new Map(noted.map(({ messageId, isLate }) => [messageId, isLate]));
  return finished.flatMap((one) => {
    const isLate = lateness.get(one.message.id);
    return isLate === undefined ? [] : { ...one, isLate };
  });
}

function reasonOf(outcome: SubmitOutcome): string | null {
  if (outcome.kind === "accepted") return null;
  return outcome.kind === "rejected" ? outcome.failure.text : outcome.reason;
}

/** An attempt of a message, ended or not. */
export interface Attempt {
  messageId: string;
  number: number;
  providerId: string;
  startedAt: Date;
  finishedAt: Date | null;
  outcome: SubmitOutcome["kind"] | null;
  reason: string | null;
}

const readAll: Statement = {
  name: "read_attempts",
  text: `
    select message_id as "messageId", number, provider_id as "providerId", started_at as "startedAt",
      finished_at as "finishedAt", outcome, reason
    from attempts
    where message_id = any ($1::uuid[])
    union all
    select id, number, provider_id, started_at, null, null, null
    from bulk_attempts
    cross join unnest(message_ids, numbers) as a (id, number)
    join unnest($1::uuid[]) as wanted (id) using (id)
    order by number`,
};

/** All attempts of these messages, in order. */
export const readAttempts = (database: Queryable, messageIds: readonly string[]): Promise<Attempt[]> =>
  database.query<Attempt>(readAll, [messageIds]);
