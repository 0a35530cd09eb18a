import type { Database, Statement } from "../database/database.ts";
import type { Logger } from "../lib/logger.ts";
import { isAlive, workerLockSpaces } from "./live-workers.ts";

const findDead: Statement = {
  name: "find_dead_workers",
  text: `
    select distinct j.locked_by as worker from graphile_worker.jobs as j
    where j.locked_by is not null and j.locked_at < now() - interval '3 seconds'
      and not ${isAlive("$1", "j.locked_by")}`,
};

const unlock: Statement = {
  name: "unlock_jobs_of_workers",
  text: "select graphile_worker.force_unlock_workers($1)",
};

// The job that holds a queue may be gone: a worker that was only believed dead ended it, while another one had taken it
// over and locked the queue, which graphile-worker unlocks only together with the job. Nothing of that queue would run again.
const unlockQueues: Statement = {
  name: "unlock_queues_without_jobs",
  text: `
    update graphile_worker._private_job_queues as q
    set locked_by = null, locked_at = null
    where q.locked_by is not null and q.locked_at < now() - interval '3 seconds'
      and not exists (
        select from graphile_worker._private_jobs as j where j.job_queue_id = q.id and j.locked_by = q.locked_by
      )`,
};

/**
 * Frees the jobs of workers that were killed; the queue itself would wait four hours. A message that was
 * being sent is found SUBMITTING by the next worker that takes its job, and is treated as possibly sent.
 */
export async function releaseJobsOfTheDead(database: Database, logger: Logger): Promise<void> {
  await database.query(unlockQueues, []);
  const dead = await database.query<{ worker: string }>(findDead, [workerLockSpaces.jobs]);
  if (dead.length === 0) return;
  const workers = dead.map(({ worker }) => worker);
  await database.query(unlock, [workers]);
  logger.warn({ workers }, "took over the jobs of workers that ended without notice");
}
