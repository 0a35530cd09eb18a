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

/** The columns of `jobs`, as `add_jobs` wants them. */
const specs = (payload: string, runAt: string, source: string): string => `
  select array_agg((task, ${payload}, queue, ${runAt}, null, key,
    ${priorityNumber("priority")},
    case when lane is not null then array[lane] end)::graphile_worker.job_spec)
  from ${source}`;

const jobs = `json_to_recordset($1) as j (
  task text, payload json, "runAt" timestamptz, priority text, key text, lane text, queue text, "delayMs" float8
)`;
const runAt = `coalesce("runAt", now() + interval '1 millisecond' * coalesce("delayMs", 0))`;

const add: Statement = {
  name: "add_jobs",
  text: `select count(*) from graphile_worker.add_jobs((${specs("payload", runAt, jobs)}))`,
};

/**
 * SQL: adds `jobs` in place of those that wait with the same keys. `add_jobs` alone would change those rows. Where
 * connections broke, a job may wait that a worker is still running, and that worker deletes it by its id when it ends:
 * what was added meanwhile would be gone with it. So each job gets a row, and an id, of its own.
 */
const replacing = (payload: string, time: string): string => `
  with waiting as (
    delete from graphile_worker._private_jobs
    where locked_at is null and key in (select key from ${jobs})
    returning key, payload as gathered, run_at, attempts
  )
  select count(*) from graphile_worker.add_jobs((
    ${specs(payload, time, `${jobs} left join waiting using (key)`)}
  ), $2)`;

const replace: Statement = { name: "replace_jobs", text: replacing("payload", runAt) };

const gather: Statement = {
  name: "gather_jobs",
  text: replacing(
    "case when gathered is null then payload else (gathered::jsonb || payload::jsonb)::json end",
    `case when waiting.attempts = 0 then run_at else ${runAt} end`,
  ),
};

/**
 * Adds jobs in the caller's transaction: they exist if and only if it commits. A `reconcile` job that waits takes
 * over the messages of a new one with the same key, and keeps its own time.
 */
export async function addJobs(transaction: Queryable, added: readonly NewJob[]): Promise<void> {
  const {
    first = [],
    next = [],
    gathering = [],
  } = Object.groupBy(added, ({ task, key }) => {
    if (key === undefined) return "first";
    return task === "reconcile" ? "gathering" : "next";
  });
  if (first.length > 0) await transaction.query(add, [JSON.stringify(first)]);
  if (next.length > 0) await transaction.query(replace, [JSON.stringify(next), false]);
  if (gathering.length > 0) await transaction.query(gather, [JSON.stringify(gathering), true]);
}

const remove: Statement = {
  name: "remove_jobs",
  text: "delete from graphile_worker._private_jobs where locked_at is null and key = any ($1::text[])",
};

/** Removes jobs that wait and have nothing to do any more. One that has begun finds that out by itself. */
export async function removeJobs(database: Queryable, keys: readonly string[]): Promise<void> {
  if (keys.length > 0) await database.query(remove, [keys]);
}

/**
 * The key of every dispatch job after a message's first: each replaces the one before it. The first has no
 * key, since keys make adding jobs slower.
 */
export const dispatchKey = (messageId: string): string => `dispatch ${messageId}`;

/** SQL: the same. @param messageId as SQL */
export const dispatchKeyInSql = (messageId: string): string => `'dispatch ' || ${messageId}`;

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
