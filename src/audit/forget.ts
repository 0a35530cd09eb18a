import type { Database, Statement } from "../database/database.ts";
import { retentionTime } from "../database/retention-clock.ts";
import { paced } from "../lib/paced.ts";

/** The database refuses to delete younger entries. */
export const leastAuditDays = 30;

const batchSize = 2_000;

/** The trigger of the table lets entries go only in a transaction that says this. */
const announce: Statement = {
  name: "announce_audit_retention",
  text: "select set_config('smsgraph.audit_retention', 'on', true)",
};

const forget: Statement = {
  name: "forget_audit_entries",
  text: `
    with gone as (
      delete from audit_log
      where id in (
        select id from audit_log
        where at < ${retentionTime} - make_interval(days => $1)
        order by at
        limit ${batchSize}
      )
      returning 1
    )
    select count(*)::int as count from gone`,
};

/** Deletes the entries of the audit log that are older than `days`. */
export async function forgetAudit(database: Database, days: number, signal?: AbortSignal): Promise<void> {
  const forgetSome = (): Promise<boolean> =>
    database.transaction(async (transaction) => {
      await transaction.query(announce, []);
      const [row] = await transaction.query<{ count: number }>(forget, [days]);
      return row?.count === batchSize;
    });
  await paced(forgetSome, signal);
}
