import { execute, type Queryable, type Statement } from "../../database/database.ts";
import type { MessageStatus } from "../model/status.ts";
import type { DecimalText } from "../../lib/money.ts";

/** Under what a message is counted. */
export interface Counted {
  status: MessageStatus;
  providerId: string | null;
}

/** How a change of one message changes its campaign's counts. */
export interface CampaignMove {
  campaignId: string;
  from: Counted;
  to: Counted;
  /** What was charged for the message before and after, as far as known. */
  charges: { before: Charge; after: Charge };
}

export interface Charge {
  amount: DecimalText | null;
  currency: string | null;
}

/** The channel of the hint that a campaign has changed; its payload is the campaign's id. */
export const campaignChannel = "smsgraph_campaigns";

const add: Statement = {
  name: "add_tallies",
  text: `
    with counted as (
      insert into campaign_tallies (campaign_id, provider_id, status, delta)
      select id, provider_id, status, delta
      from unnest($1::uuid[], $2::uuid[], $3::message_status[], $4::int[]) as t (id, provider_id, status, delta)
    )
    select pg_notify('${campaignChannel}', id::text) from (select distinct unnest($1::uuid[]) as id) as c`,
};

const addCosts: Statement = {
  name: "add_campaign_costs",
  text: `
    insert into campaign_costs (campaign_id, currency, delta)
    select campaign_id, currency, sum(delta)
    from unnest($1::uuid[], $2::text[], $3::numeric[]) as c (campaign_id, currency, delta)
    group by campaign_id, currency
    having sum(delta) <> 0`,
};

/**
 * Records in the caller's transaction how the counts of campaigns change. Rows are only added, so that no two
 * transactions wait for each other, and the sum is exact in every snapshot.
 */
export async function addTallies(transaction: Queryable, moves: readonly CampaignMove[]): Promise<void> {
  if (moves.length === 0) return;
  const deltas = new Map<string, Counted & { campaignId: string; delta: number }>();
  const count = (campaignId: string, counted: Counted, by: number): void => {
    const key = `${campaignId} ${counted.providerId} ${counted.status}`;
    deltas.set(key, { campaignId, ...counted, delta: (deltas.get(key)?.delta ?? 0) + by });
  };
  for (const { campaignId, from, to } of moves) {
    count(campaignId, from, -1);
    count(campaignId, to, 1);
  }
  const rows = [...deltas.values()].filter(({ delta }) => delta !== 0);
  if (rows.length > 0) {
    await execute(transaction, add, [
      rows.map(({ campaignId }) => campaignId),
      rows.map(({ providerId }) => providerId),
      rows.map(({ status }) => status),
      rows.map(({ delta }) => delta),
    ]);
  }
  const costs = moves.flatMap(toCosts);
  if (costs.length === 0) return;
  await execute(transaction, addCosts, [
    costs.map(({ campaignId }) => campaignId),
    costs.map(({ currency }) => currency),
    costs.map(({ delta }) => delta),
  ]);
}

/** When a charge has changed, the old one is subtracted and the new one added. */
function toCosts({ campaignId, charges: { before, after } }: CampaignMove) {
  if (before.amount === after.amount && before.currency === after.currency) return [];
  return [
    ...(before.amount === null
      ? []
      : [{ campaignId, currency: before.currency, delta: negated(before.amount) }]),
    ...(after.amount === null ? [] : [{ campaignId, currency: after.currency, delta: after.amount }]),
  ];
}

const negated = (amount: DecimalText): DecimalText =>
  amount.startsWith("-") ? amount.slice(1) : `-${amount}`;

const fold: Statement = {
  name: "fold_tallies",
  text: `
    with taken as (
      delete from campaign_tallies where campaign_id = $1::uuid returning provider_id, status, delta
    ), cost_taken as (
      delete from campaign_costs where campaign_id = $1::uuid returning currency, delta
    ), folded as (
      insert into campaign_tallies (campaign_id, provider_id, status, delta)
      select $1::uuid, provider_id, status, sum(delta) from taken group by provider_id, status having sum(delta) <> 0
    )
    insert into campaign_costs (campaign_id, currency, delta)
    select $1::uuid, currency, sum(delta) from cost_taken group by currency having sum(delta) <> 0`,
};

const findUnfolded: Statement = {
  name: "find_unfolded_campaigns",
  text: `
    select campaign_id as id
    from (
      -- What is left when they are folded is not counted again.
      select campaign_id, count(*) - count(distinct (provider_id, status)) as spare from campaign_tallies group by campaign_id
      union all
      select campaign_id, count(*) - count(distinct currency) from campaign_costs group by campaign_id
    ) as t
    group by campaign_id
    having max(spare) > 10`,
};

/** Folds the rows of each campaign that has many into one for each provider and status. */
export async function foldTallies(database: Queryable): Promise<void> {
  const campaigns = await database.query<{ id: string }>(findUnfolded, []);
  for (const { id } of campaigns) await database.query(fold, [id]);
}
