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

/**
 * Frees the jobs of workers that were killed; the queue itself would wait four hours. A message that was
 * being sent is found SUBMITTING by the next worker that takes its job, and is treated as possibly sent.
 */
export async function releaseJobsOfTheDead(database: Database, logger: Logger): Promise<void> {
  const dead = await database.query<{ worker: string }>(findDead, [workerLockSpaces.jobs]);
  if (dead.length === 0) return;
  const workers = dead.map(({ worker }) => worker);
  await database.query(unlock, [workers]);
  logger.warn({ workers }, "took over the jobs of workers that ended without notice");
}
