import type { Queryable, Statement } from "../database/database.ts";
import { priorityNumber, type JobPriority, type Payload, type Task } from "./contract.ts";

/** A job for `src/jobs` to run. */
export type NewJob = {
  runAt?: Date;
  /** The delay from now, instead of a time. */
  delayMs?: number;
  priority?: JobPriority;
  /** There is one job per key at a time: a new one replaces the one that waits. */
  key?: string;
  /** The flag of its lane (`laneFlag`). */
  lane?: string;
  /** Jobs of one queue run one after the other, over all workers. */
  queue?: string;
} & { [Name in Task]: { task: Name; payload: Payload<Name> } }[Task];

const add: Statement = {
  name: "add_jobs",
  text: `
    select count(*) from graphile_worker.add_jobs((
      select array_agg((task, payload, queue, coalesce("runAt", now() + interval '1 millisecond' * coalesce("delayMs", 0)), null, key,
        ${priorityNumber("priority")},
        case when lane is not null then array[lane] end)::graphile_worker.job_spec)
      from json_to_recordset($1) as j (
        task text, payload json, "runAt" timestamptz, priority text, key text, lane text, queue text,
        "delayMs" float8
      )
    ), $2)`,
};

/**
 * Adds jobs in the caller's transaction: they exist if and only if it commits. A `reconcile` job that waits takes
 * over the messages of a new one with the same key, and keeps its own time.
 */
export async function addJobs(transaction: Queryable, jobs: readonly NewJob[]): Promise<void> {
  const { gathering = [], others = [] } = Object.groupBy(jobs, ({ task }) =>
    task === "reconcile" ? "gathering" : "others",
  );
  if (others.length > 0) await transaction.query(add, [JSON.stringify(others), false]);
  if (gathering.length > 0) await transaction.query(add, [JSON.stringify(gathering), true]);
}

/**
 * The key of every dispatch job after a message's first: each replaces the one before it. The first has no
 * key, since keys make adding jobs slower.
 */
export const dispatchKey = (messageId: string): string => `dispatch ${messageId}`;

const findSuccessor: Statement = {
  name: "find_successor_of_job",
  text: "select id from graphile_worker.jobs where key = $1 and id <> $2 and attempts < max_attempts",
};

/**
 * For a dispatch job that runs again because its worker was killed: whether the next job had already been
 * added. Then the message belongs to that one, which may be waiting for a time that the provider asked for.
 */
export async function hasSuccessor(database: Queryable, messageId: string, jobId: string): Promise<boolean> {
  return (await database.query(findSuccessor, [dispatchKey(messageId), jobId])).length > 0;
}

const reschedule: Statement = {
  name: "reschedule_jobs_now",
  text: `
    select count(*), pg_notify('jobs:insert', '{"r":' || random()::text || ',"count":1}')
    from graphile_worker.reschedule_jobs(
      array(select id from graphile_worker.jobs where key = any ($1) and locked_at is null and run_at > now()), now()
    )
    having count(*) > 0`,
};

/** Lets the waiting jobs with these keys run at once. */
export async function rescheduleNow(transaction: Queryable, keys: readonly string[]): Promise<void> {
  await transaction.query(reschedule, [keys]);
}
