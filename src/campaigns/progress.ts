import type { Queryable, Statement } from "../database/database.ts";
import { messageStatuses, type MessageStatus } from "../messages/model/status.ts";
import type { DecimalText } from "../lib/money.ts";

/** How many messages are in each status. */
export interface MessageCounts {
  counts: Record<MessageStatus, number>;
  total: number;
}

/** The messages that a provider has. */
export interface ProviderCounts extends MessageCounts {
  /** Null for recipients that are not messages yet. */
  providerId: string | null;
}

/** The message counts of a campaign, read in one snapshot: they add up to the total. */
export interface CampaignProgress extends MessageCounts {
  /** The same by provider, most messages first. */
  providers: ProviderCounts[];
  /** What the providers have charged so far. The currency is null when the provider has not named one. */
  costs: { amount: DecimalText; currency: string | null }[];
}

const readSums: Statement = {
  name: "read_campaign_progress",
  text: `
    select campaign_id as id, provider_id as "providerId", status::text as status, sum(delta)::text as sum, null as currency
    from campaign_tallies
    where campaign_id = any ($1::uuid[])
    group by campaign_id, provider_id, status
    having sum(delta) <> 0
    union all
    select campaign_id, null, null, sum(delta)::text, currency
    from campaign_costs
    where campaign_id = any ($1::uuid[])
    group by campaign_id, currency
    having sum(delta) <> 0`,
};

interface Sum {
  id: string;
  providerId: string | null;
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
  const tallies = sums.filter(({ status }) => status !== null);
  const byProvider = Map.groupBy(tallies, ({ providerId }) => providerId);
  const providers = [...byProvider].map(([providerId, rows]) => ({ providerId, ...toCounts(rows) }));
  const costs = sums.flatMap(({ status, sum: amount, currency }) =>
    status === null ? [{ amount, currency }] : [],
  );
  return {
    ...toCounts(tallies),
    // What the version before moved is counted under no provider, where it can leave less than nothing.
    providers: providers
      .filter(({ counts, total }) => total > 0 && Object.values(counts).every((count) => count >= 0))
      .toSorted((one, other) => other.total - one.total),
    costs,
  };
}

function toCounts(sums: readonly Sum[]): MessageCounts {
  const counts = Object.fromEntries(messageStatuses.map((status) => [status, 0])) as Record<
    MessageStatus,
    number
  >;
  let total = 0;
  for (const { status, sum } of sums) {
    if (status === null) continue;
    counts[status] += Number(sum);
    total += Number(sum);
  }
  return { counts, total };
}
