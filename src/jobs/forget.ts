import type { Database, Statement } from "../database/database.ts";
import { forgetKeyHours } from "../lib/idempotency.ts";
import { paced } from "../lib/paced.ts";
import type { MessageRetention } from "../messages/changes/forget-messages.ts";
import { retentionTime } from "../database/retention-clock.ts";

const batchSize = 2_000;

const forgetKeys: Statement = {
  name: "forget_idempotency_keys",
  text: `
    with gone as (
      delete from idempotency_keys as k
      using (
        select account_id, key from idempotency_keys
        where created_at < ${retentionTime} - interval '${forgetKeyHours} hours'
        order by created_at
        limit ${batchSize}
      ) as old
      where k.account_id = old.account_id and k.key = old.key
      returning 1
    )
    select count(*)::int as count from gone`,
};

/** Days for which raw callbacks are kept for inspection. */
const callbackDays = { PROCESSED: 30, QUARANTINED: 90 } as const;

const forgetCallbacks = (state: keyof typeof callbackDays): Statement => ({
  name: `forget_${state.toLowerCase()}_callbacks`,
  text: `
    with gone as (
      delete from callbacks as c
      using (
        select id, received_at from callbacks where state = '${state}' order by id limit ${batchSize}
      ) as oldest
      where c.id = oldest.id
        and oldest.received_at < ${retentionTime} - make_interval(days => least(${callbackDays[state]}, $1::int))
      returning 1
    )
    select count(*)::int as count from gone`,
});

const forgetTokens: Statement = {
  name: "forget_watch_tokens",
  text: `
    with gone as (
      delete from watch_tokens
      where id in (
        select id from watch_tokens
        where expires_at < ${retentionTime} - interval '1 day'
        order by expires_at
        limit ${batchSize}
      )
      returning 1
    )
    select count(*)::int as count from gone`,
};

/** What has matched no message for a week never will. It may have words about a person in it. */
const forgetParked = (table: string, deletion: `delete from ${string}`): Statement => ({
  name: `forget_${table}`,
  text: `
    with gone as (
      ${deletion} as p
      using (
        select id from ${table}
        where received_at < ${retentionTime} - make_interval(days => least(7, $1::int))
        order by received_at
        limit ${batchSize}
        for update skip locked
      ) as old
      where p.id = old.id
      returning 1
    )
    select count(*)::int as count from gone`,
});
const forgottenParked = [
  forgetParked("parked_receipts", "delete from parked_receipts"),
  forgetParked("parked_inbound", "delete from parked_inbound"),
];

/**
 * Jobs that are never run again: a job that was replaced while a worker had it stays behind when that worker is
 * killed. For a week they can be looked into.
 */
const forgetJobs: Statement = {
  name: "forget_ended_jobs",
  text: `
    select count(*)::int as count
    from graphile_worker.complete_jobs(array(
      select id from graphile_worker.jobs
      where attempts >= max_attempts and locked_at is null and updated_at < ${retentionTime} - interval '7 days'
      limit ${batchSize}
    ))`,
};

/** The rows of a campaign that became no message have numbers in them, and go with the texts. Their counts stay. */
const forgetRows = (
  table: string,
  deletion: `delete from ${string}`,
  { key = "position", and = "" } = {},
): Statement => ({
  name: `forget_${table}`,
  text: `
    with gone as (
      ${deletion} where (campaign_id, ${key}) in (
        select r.campaign_id, r.${key}
        from campaigns as c join ${table} as r on r.campaign_id = c.id
        where c.created_at < ${retentionTime} - make_interval(days => $1::int)${and}
        limit ${batchSize}
      )
      returning 1
    )
    select count(*)::int as count from gone`,
});
const forgottenRows = [
  forgetRows("refused_recipients", "delete from refused_recipients"),
  forgetRows("duplicate_recipients", "delete from duplicate_recipients"),
  // Not while its text is being changed.
  forgetRows("campaign_values", "delete from campaign_values", {
    key: "message_id",
    and: " and c.rewritten_to is null",
  }),
];

/**
 * Deletes everything past its retention time. It works in batches, since a long transaction would hold back
 * the readers of the event log, and goes on, with pauses in between, until nothing is left.
 */
export async function forgetOld(
  database: Database,
  { textDays }: MessageRetention = {},
  signal?: AbortSignal,
): Promise<void> {
  const forget = (statement: Statement, ...values: unknown[]): Promise<void> =>
    paced(async () => (await forgetSome(database, statement, values)) === batchSize, signal);
  await forget(forgetKeys);
  await forget(forgetTokens);
  // Raw callbacks have texts and numbers in them.
  await forget(forgetCallbacks("PROCESSED"), textDays ?? null);
  await forget(forgetCallbacks("QUARANTINED"), textDays ?? null);
  for (const parked of forgottenParked) await forget(parked, textDays ?? null);
  await forget(forgetJobs);
  if (textDays !== undefined) for (const rows of forgottenRows) await forget(rows, textDays);
}

async function forgetSome(database: Database, statement: Statement, values: unknown[]): Promise<number> {
  const [row] = await database.query<{ count: number }>(statement, values);
  return row?.count ?? 0;
}
