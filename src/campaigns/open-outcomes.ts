import type { Queryable, Statement } from "../database/database.ts";

/** Why it is not known what became of some messages. */
export interface OpenOutcome {
  status: "OUTCOME_UNKNOWN" | "UNKNOWN";
  /** What ended their last attempt; null when the provider had accepted them. */
  reason: string | null;
  count: number;
}

const read: Statement = {
  name: "read_open_outcomes",
  text: `
    select m.status, a.reason, count(*)::int as count
    from messages as m
    left join lateral (
      select case when outcome = 'accepted' then null else reason end as reason
      from attempts where message_id = m.id order by number desc limit 1
    ) as a on true
    where m.campaign_id = $1 and m.listed_as in ('OUTCOME_UNKNOWN', 'UNKNOWN')
    group by m.status, a.reason
    order by count desc, m.status, a.reason
    limit 20`,
};

/** The most frequent reasons why the outcome of a campaign's messages is not known. */
export const readOpenOutcomes = (database: Queryable, campaignId: string): Promise<OpenOutcome[]> =>
  database.query<OpenOutcome>(read, [campaignId]);
