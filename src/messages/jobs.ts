import type { Queryable, Statement } from "../database/database.ts";
import type { MessagePriority } from "./draft.ts";

/** The jobs of the message domain; `src/jobs` runs them. */
export type NewJob = { runAt?: Date; priority?: MessagePriority } & (
  | { task: "dispatch"; payload: { messageId: string } }
  | { task: "look-up"; payload: { providerId: string; messageIds: string[] } }
  | { task: "reconcile"; payload: { messageId: string } }
);

const add: Statement = {
  name: "add_jobs",
  text: `
    select count(*) from graphile_worker.add_jobs((
      select array_agg((task, payload, null, coalesce("runAt", now()), null, null,
        case priority when 'HIGH' then -10 when 'LOW' then 10 else 0 end, null)::graphile_worker.job_spec)
      from json_to_recordset($1) as j (task text, payload json, "runAt" timestamptz, priority text)
    ))`,
};

/** Adds jobs in the caller's transaction: they exist if and only if it commits. */
export async function addJobs(transaction: Queryable, jobs: readonly NewJob[]): Promise<void> {
  if (jobs.length > 0) await transaction.query(add, [JSON.stringify(jobs)]);
}
