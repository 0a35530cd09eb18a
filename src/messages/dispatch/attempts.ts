import { compareIds } from "../../lib/compare-ids.ts";
import type { Queryable, Statement } from "../../database/database.ts";
import type { SubmitOutcome } from "../../providers/provider.ts";
import type { DispatchMessage } from "./dispatch-message.ts";

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

const forgetReasons: Statement = {
  name: "forget_reasons_of_attempts",
  text: "update attempts set reason = null where message_id = any ($1::uuid[]) and reason is not null",
};

/** Takes away why attempts ended, which is in a provider's words. */
export async function forgetReasonsOf(transaction: Queryable, messageIds: readonly string[]): Promise<void> {
  if (messageIds.length > 0) await transaction.query(forgetReasons, [messageIds]);
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
