import type { Clock } from "../lib/clock.ts";
import type { Database, Statement } from "../database/database.ts";
import { addJobs } from "../queue/jobs.ts";
import { campaignChannel, foldTallies } from "../messages/changes/tallies.ts";

const startDue: Statement = {
  name: "start_due_campaigns",
  text: `
    with started as (
      update campaigns
      set status = 'RUNNING', started_at = $1, updated_at = $1
      where status = 'SCHEDULED' and scheduled_at <= $1 and imported_at is not null
      returning id
    )
    select pg_notify('${campaignChannel}', id::text) from started`,
};

/** SQL: how many messages of a campaign have been handed over so far. */
const done = `
  c.total - coalesce((
    select sum(delta)::int from campaign_tallies
    where campaign_id = c.id and status in ('SCHEDULED', 'QUEUED', 'SUBMITTING')
  ), 0)`;

// In a statement of its own, as the lock of a change of the status.
const lockUntended: Statement = {
  name: "lock_untended_campaigns",
  text: `
    select id from campaigns
    where status = 'RUNNING' and imported_at is not null
      and (sampled_at is null or sampled_at <= $1::timestamptz - interval '900 milliseconds')
    for no key update skip locked`,
};

const tend: Statement = {
  name: "tend_campaigns",
  text: `
    with counted as (
      select c.id, ${done} as done, extract(epoch from $1 - c.sampled_at)::float8 as seconds
      from campaigns as c
      where c.id = any ($2::uuid[])
    ), judged as (
      select id, done, case when seconds is null then null else (done - c.sampled_done) / seconds end as present,
        done = c.total as "isDone"
      from counted join campaigns as c using (id)
    ), tended as (
      update campaigns as c
      set sampled_at = $1, sampled_done = j.done,
        rate = case
          when j."isDone" then c.total / greatest(extract(epoch from $1 - c.started_at), 0.001)
          when j.present is null then c.rate
          when c.rate = 0 then j.present
          else (c.rate + j.present) / 2
        end,
        status = case when j."isDone" then 'COMPLETED' else 'RUNNING' end::campaign_status,
        completed_at = case when j."isDone" then $1 end,
        updated_at = case when j."isDone" or c.sampled_done <> j.done then $1 else c.updated_at end
      from judged as j
      where c.id = j.id
      returning c.id
    )
    select pg_notify('${campaignChannel}', id::text) from tended`,
};

const endOverdue: Statement = {
  name: "end_overdue_campaigns",
  text: `
    update campaigns
    set status = 'CANCELLED', completed_at = $1, rate = 0, updated_at = $1
    where ends_at <= $1 and status in ('SCHEDULED', 'RUNNING', 'PAUSED') and imported_at is not null
    returning id, pg_notify('${campaignChannel}', id::text)`,
};

/** Cancels what is left of campaigns whose end has come, as `cancelCampaign` does. */
function endDue(database: Database, now: Date): Promise<void> {
  return database.transaction(async (transaction) => {
    const ended = await transaction.query<{ id: string }>(endOverdue, [now]);
    await addJobs(
      transaction,
      ended.map(({ id: campaignId }) => ({ task: "cancel-campaign", payload: { campaignId } })),
    );
  });
}

/**
 * Regular upkeep of all campaigns: starts those that are due, ends those whose end has come, measures their speed, completes those with
 * nothing left to submit, and folds their counts. Safe to run in several workers at once.
 */
export async function tendCampaigns({
  database,
  clock,
}: {
  database: Database;
  clock: Clock;
}): Promise<void> {
  const now = clock.now();
  await database.query(startDue, [now]);
  await database.transaction(async (transaction) => {
    const untended = await transaction.query<{ id: string }>(lockUntended, [now]);
    if (untended.length > 0) await transaction.query(tend, [now, untended.map(({ id }) => id)]);
  });
  await endDue(database, now);
  await foldTallies(database);
}
