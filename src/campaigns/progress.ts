import type { Queryable, Statement } from "../database/database.ts";
import { messageStatuses, type MessageStatus } from "../messages/model/status.ts";
import type { DecimalText } from "../lib/money.ts";

/** The message counts of a campaign, read in one snapshot: they add up to the total. */
export interface CampaignProgress {
  counts: Record<MessageStatus, number>;
  total: number;
  /** What the providers have charged so far. The currency is null when the provider has not named one. */
  costs: { amount: DecimalText; currency: string | null }[];
}

const readSums: Statement = {
  name: "read_campaign_progress",
  text: `
    select campaign_id as id, status::text as status, sum(delta)::text as sum, null as currency
    from campaign_tallies
    where campaign_id = any ($1::uuid[])
    group by campaign_id, status
    union all
    select campaign_id, null, sum(delta)::text, currency
    from campaign_costs
    where campaign_id = any ($1::uuid[])
    group by campaign_id, currency
    having sum(delta) <> 0`,
};

interface Sum {
  id: string;
  status: MessageStatus | null;
  sum: string;
  currency: string | null;
}

/** Reads the progress of any number of campaigns, in one statement and in the order of the ids. */
export async function readProgress(
  database: Queryable,
  campaignIds: readonly string[],
): Promise<CampaignProgress[]> {
  const sums = await database.query<Sum>(readSums, [campaignIds]);
  const groups = Map.groupBy(sums, ({ id }) => id);
  return campaignIds.map((id) => toProgress(groups.get(id) ?? []));
}

function toProgress(sums: readonly Sum[]): CampaignProgress {
  const counts = Object.fromEntries(messageStatuses.map((status) => [status, 0])) as Record<
    MessageStatus,
    number
  >;
  let total = 0;
  for (const { status, sum } of sums) {
    if (status === null) continue;
    counts[status] = Number(sum);
    total += Number(sum);
  }
  const costs = sums.flatMap(({ status, sum: amount, currency }) =>
    status === null ? [{ amount, currency }] : [],
  );
  return { counts, total, costs };
}
