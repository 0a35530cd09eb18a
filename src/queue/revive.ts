import type { Database, Statement } from "../database/database.ts";
import type { Logger } from "../lib/logger.ts";
import { dispatchKeyInSql } from "./jobs.ts";

/**
 * graphile-worker waits e^n seconds after the nth attempt, up to six hours, and gives a job up after 25. Attempts that a
 * worker's death ended count, too. Whatever was in the way has mostly passed long before: a job that failed waits no longer
 * than this.
 */
const longestWait = "5 minutes";

const hurry: Statement = {
  name: "hurry_failed_jobs",
  text: `
    update graphile_worker._private_jobs
    set run_at = now() + interval '${longestWait}'
    where locked_at is null and last_error is not null and attempts > 0 and attempts < max_attempts
      and run_at > now() + interval '${longestWait}'`,
};

// A job that was replaced while it ran counts as given up as well, but has a successor.
const revive: Statement = {
  name: "revive_dispatch_jobs",
  text: `
    update graphile_worker._private_jobs as j
    set attempts = 1, run_at = now()
    from graphile_worker._private_tasks as t, messages as m
    where t.id = j.task_id and t.identifier = 'dispatch'
      and j.locked_at is null and j.attempts >= j.max_attempts
      and m.id = (j.payload ->> 'messageId')::uuid and m.status in ('SCHEDULED', 'QUEUED') and m.campaign_id is null
      and not exists (
        select from graphile_worker._private_jobs as next
        where next.key = ${dispatchKeyInSql("m.id")} and next.attempts < next.max_attempts
      )
    returning m.id as "messageId"`,
};

/** A job that was replaced while it ran has lost its key. The last two tasks have none, so nothing replaces them. */
const reviveOthers: Statement = {
  name: "revive_campaign_jobs",
  text: `
    update graphile_worker._private_jobs as j
    set attempts = 1, run_at = now() + interval '${longestWait}'
    from graphile_worker._private_tasks as t
    where t.id = j.task_id
      and (
        t.identifier in ('expand-campaign', 'rewrite-campaign') and j.key is not null
        or t.identifier in ('cancel-campaign', 'confirm-opt-out')
      )
      and j.locked_at is null and j.attempts >= j.max_attempts
    returning t.identifier as task, j.payload, j.last_error as "lastError"`,
};

/** Sees to it that no job waits for hours because it failed, and that no message or campaign waits for one that was given up. */
export async function reviveJobs(database: Database, logger: Logger): Promise<void> {
  await database.query(hurry, []);
  const others = await database.query<object>(reviveOthers, []);
  for (const job of others) logger.error(job, "took up a job that had been given up after too many attempts");
  const revived = await database.query<{ messageId: string }>(revive, []);
  if (revived.length === 0) return;
  const messageIds = revived.slice(0, 10).map(({ messageId }) => messageId);
  logger.warn(
    { messages: revived.length, messageIds },
    "took up messages whose jobs had been given up after too many attempts",
  );
}
