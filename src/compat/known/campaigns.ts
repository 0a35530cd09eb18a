import type { Database, Statement } from "../../database/database.ts";
import { campaignIdOf } from "./ids.ts";

/** A campaign as the served APIs show it. */
export interface KnownCampaign {
  id: string;
  sender: string;
  text: string;
  total: number;
  duplicatesRemoved: number;
  createdAt: Date;
  updatedAt: Date;
}

const columns = `
  id, sender, text, total, duplicates_removed as "duplicatesRemoved", created_at as "createdAt", updated_at as "updatedAt"`;

const find: Statement = {
  name: "find_compat_campaign",
  text: `select ${columns} from campaigns where account_id = $1 and id = $2 and imported_at is not null`,
};

export async function findCampaign(
  database: Database,
  accountId: string,
  id: string,
): Promise<KnownCampaign | undefined> {
  const [found] = await database.query<KnownCampaign>(find, [accountId, id]);
  return found && readable(found);
}

const list: Statement = {
  name: "list_compat_campaigns",
  text: `
    select ${columns} from campaigns
    where account_id = $1 and imported_at is not null
    order by id desc
    limit $2`,
};

/** The newest first. */
export async function listCampaigns(
  database: Database,
  accountId: string,
  limit: number,
): Promise<KnownCampaign[]> {
  return (await database.query<KnownCampaign>(list, [accountId, limit])).map(readable);
}

/** Further back nobody looks for a message; it bounds what has to be read where campaigns are large. */
const mostLookedThrough = 20_000;

const listSingle: Statement = {
  name: "list_compat_campaigns_of_one",
  text: `
    select id, sender, text, 1 as total, 0 as "duplicatesRemoved", created_at as "createdAt", updated_at as "updatedAt"
    from (
      select id, campaign_id, status, sender, text, created_at, updated_at from messages
      where account_id = $1
      order by id desc
      limit ${mostLookedThrough}
    ) as newest
    where campaign_id is null and status <> 'RECEIVED'
    order by id desc
    limit $2`,
};

/** The campaigns that single messages are, the newest first. */
export async function listCampaignsOfOne(
  database: Database,
  accountId: string,
  limit: number,
): Promise<KnownCampaign[]> {
  const messages = await database.query<KnownCampaign>(listSingle, [accountId, limit]);
  return messages.map((message) => ({ ...message, id: campaignIdOf(message.id) }));
}

const countWaiting: Statement = {
  name: "is_compat_campaign_expanding",
  text: "select 1 from campaign_recipients where campaign_id = $1 limit 1",
};

/** Whether some of its recipients have no message yet. */
export async function isExpanding(database: Database, campaignId: string): Promise<boolean> {
  return (await database.query(countWaiting, [campaignId])).length > 0;
}

/** A text with placeholders has its braces marked; one that came by a served API has none. */
const readable = (campaign: KnownCampaign): KnownCampaign => ({
  ...campaign,
  text: plainText(campaign.text),
});

/** A text for all, in which nothing is a placeholder. */
export const literalText = (text: string): string => text.replaceAll("{{", "\\{{");
const plainText = (text: string): string => text.replaceAll("\\{{", "{{");
