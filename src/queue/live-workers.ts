/** What a worker's advisory lock stands for: its jobs, the messages of campaigns that it claimed, or its webhooks. */
export const workerLockSpaces = {
  jobs: "smsgraph worker",
  claims: "smsgraph claim",
  webhooks: "smsgraph webhooks",
} as const;

/**
 * SQL: whether the worker of that name is alive. It holds an advisory lock (`Listener.hold`) for as long as its
 * process lives; PostgreSQL releases it when the process is killed.
 * @param space the lock space, as SQL
 * @param worker the worker's name, as SQL
 */
export const isAlive = (space: string, worker: string): string => `exists (
  select 1 from pg_locks as l
  where l.locktype = 'advisory' and l.granted
    and l.database = (select oid from pg_database where datname = current_database())
    and l.classid::bigint = hashtext(${space})::bigint & 4294967295
    and l.objid::bigint = hashtext(${worker})::bigint & 4294967295
)`;

/** SQL: how many workers hold a lock of that space. */
export const countAlive = (space: string): string => `(
  select count(distinct l.objid) from pg_locks as l
  where l.locktype = 'advisory' and l.granted
    and l.database = (select oid from pg_database where datname = current_database())
    and l.classid::bigint = hashtext(${space})::bigint & 4294967295
)`;
