import type { Database, Statement } from "../database/database.ts";
import { registry } from "../providers/registry.ts";

/**
 * How long after a disconnection receipts may still come: two days of validity, plus two days for which Qikli
 * keeps reports.
 */
const lastReportMs = 96 * 60 * 60_000;

/**
 * In the first five minutes after a submission, a provider is due in every round of a worker (2 s), later
 * less often. A queue that failed is left alone until its noted time.
 */
const claim: Statement = {
  name: "claim_due_drains",
  text: `
    update providers as p
    set last_drain_at = $1
    from (
      select p.id
      from providers as p
      left join lateral (
        select $1::timestamptz - greatest(
          (select max(started_at) from attempts where provider_id = p.id),
          (select max(started_at) from bulk_attempts where provider_id = p.id)
        ) as age
      ) as submission on true
      where p.kind = any ($2)
        and (p.disconnected_at is null or p.disconnected_at > $3)
        and (p.drain_paused_until is null or p.drain_paused_until <= $1)
        and (p.last_drain_at is null or p.last_drain_at <= $1::timestamptz - case
          when submission.age < interval '5 minutes' then interval '1.9 seconds'
          when submission.age < interval '1 hour' then interval '10 seconds'
          else interval '1 minute'
        end)
      for no key update of p skip locked
    ) as due
    where p.id = due.id
    returning p.id`,
};

const kinds = Object.values(registry)
  .filter(({ capabilities }) => capabilities.receiptQueue)
  .map(({ kind }) => kind);

/**
 * Claims the providers whose receipt queues should be read now, each for one worker. The longer nothing was
 * submitted, the less often. Includes disconnected providers while receipts may still come.
 */
export async function claimDueDrains(database: Database, now: Date): Promise<string[]> {
  const lastReport = new Date(now.getTime() - lastReportMs);
  const rows = await database.query<{ id: string }>(claim, [now, kinds, lastReport]);
  return rows.map(({ id }) => id);
}
