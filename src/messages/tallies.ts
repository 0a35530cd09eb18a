import type { Queryable, Statement } from "../database/database.ts";
import type { DecimalText } from "../providers/provider.ts";
import type { MessageStatus } from "./status.ts";

/** How a change of one message changes its campaign's counts. */
export interface CampaignMove {
  campaignId: string;
  providerId: string | null;
  from: MessageStatus;
  to: MessageStatus;
  /** What the provider charged for the message, as far as known. */
  costs?: { before: DecimalText | null; after: DecimalText | null };
}

/** The channel of the hint that a campaign has changed; its payload is the campaign's id. */
export const campaignChannel = "smsgraph_campaigns";

const add: Statement = {
  name: "add_tallies",
  text: `
    with counted as (
      insert into campaign_tallies (campaign_id, status, delta)
      select id, status, delta
      from unnest($1::uuid[], $2::message_status[], $3::int[]) as t (id, status, delta)
    )
    select pg_notify('${campaignChannel}', id::text) from (select distinct unnest($1::uuid[]) as id) as c`,
};

const addCosts: Statement = {
  name: "add_campaign_costs",
  text: `
    insert into campaign_costs (campaign_id, provider_id, delta)
    select campaign_id, provider_id, sum(coalesce(after, 0) - coalesce(before, 0))
    from unnest($1::uuid[], $2::uuid[], $3::numeric[], $4::numeric[]) as c (campaign_id, provider_id, before, after)
    group by campaign_id, provider_id`,
};

/**
 * Notes in the caller's transaction how the counts of campaigns change: rows are only added, so that no two
 * transactions wait for each other, and the sum is exact in every snapshot.
 */
export async function addTallies(transaction: Queryable, moves: readonly CampaignMove[]): Promise<void> {
  if (moves.length === 0) return;
  const deltas = new Map<string, { campaignId: string; status: MessageStatus; delta: number }>();
  const count = (campaignId: string, status: MessageStatus, by: number): void => {
    const key = `${campaignId} ${status}`;
    deltas.set(key, { campaignId, status, delta: (deltas.get(key)?.delta ?? 0) + by });
  };
  for (const { campaignId, from, to } of moves) {
    count(campaignId, from, -1);
    count(campaignId, to, 1);
  }
  const rows = [...deltas.values()].filter(({ delta }) => delta !== 0);
  if (rows.length > 0) {
    await transaction.query(add, [
      rows.map(({ campaignId }) => campaignId),
      rows.map(({ status }) => status),
      rows.map(({ delta }) => delta),
    ]);
  }
  const charged = moves.filter(
    ({ costs, providerId }) => costs && providerId !== null && costs.before !== costs.after,
  );
  if (charged.length === 0) return;
  await transaction.query(addCosts, [
    charged.map(({ campaignId }) => campaignId),
    charged.map(({ providerId }) => providerId),
    charged.map(({ costs }) => costs?.before ?? null),
    charged.map(({ costs }) => costs?.after ?? null),
  ]);
}

const fold: Statement = {
  name: "fold_tallies",
  text: `
    with taken as (
      delete from campaign_tallies where campaign_id = $1::uuid returning status, delta
    ), cost_taken as (
      delete from campaign_costs where campaign_id = $1::uuid returning provider_id, delta
    ), folded as (
      insert into campaign_tallies (campaign_id, status, delta)
      select $1::uuid, status, sum(delta) from taken group by status having sum(delta) <> 0
    )
    insert into campaign_costs (campaign_id, provider_id, delta)
    select $1::uuid, provider_id, sum(delta) from cost_taken group by provider_id having sum(delta) <> 0`,
};

const findUnfolded: Statement = {
  name: "find_unfolded_campaigns",
  text: `
    select campaign_id as id
    from (
      select campaign_id, count(*) as rows from campaign_tallies group by campaign_id
      union all
      select campaign_id, count(*) from campaign_costs group by campaign_id
    ) as t
    group by campaign_id
    having max(rows) > 20`,
};

/** Folds the rows of each campaign that has gathered many into one for each status. */
export async function foldTallies(database: Queryable): Promise<void> {
  const campaigns = await database.query<{ id: string }>(findUnfolded, []);
  for (const { id } of campaigns) await database.query(fold, [id]);
}
