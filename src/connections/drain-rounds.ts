import { claimDue, hasCome } from "./due-providers.ts";

/**
 * How long after a disconnection receipts may still come: two days of validity, plus two days for which Qikli
 * keeps reports.
 */
const lastReportHours = 96;

/** How long a queue that failed is left alone at most, however long its provider asks for. */
export const longestDrainPauseSeconds = 60 * 60;

/** SQL: whether the queue that failed may be read again. */
export const drainPauseHasEnded = (now: string): string =>
  `(p.drain_paused_until is null or ${hasCome("p.drain_paused_until", `${longestDrainPauseSeconds} seconds`, now)})`;

/** SQL: how long ago something was submitted to the provider. */
const sinceSubmission = `$1::timestamptz - greatest(
  (select max(started_at) from attempts where provider_id = p.id),
  (select max(started_at) from bulk_attempts where provider_id = p.id)
)`;

/**
 * Claims the providers whose receipt queues should be read now. In the first five minutes after a submission
 * a provider is due in every round of a worker (2 s), later less often. A queue that failed is left alone until
 * its noted time. Includes disconnected providers while receipts may still come.
 */
export const claimDueDrains = claimDue({
  name: "drains",
  capability: "receiptQueue",
  due: `(p.disconnected_at is null or p.disconnected_at > $1::timestamptz - interval '${lastReportHours} hours')
    and ${drainPauseHasEnded("$1")}
    and (p.last_drain_at is null or p.last_drain_at > $1 or p.last_drain_at <= $1::timestamptz - (
      select case
        when age < interval '5 minutes' then interval '1.9 seconds'
        when age < interval '1 hour' then interval '10 seconds'
        else interval '1 minute'
      end
      from (select ${sinceSubmission} as age) as submission
    ))`,
  next: "last_drain_at = $1",
});
