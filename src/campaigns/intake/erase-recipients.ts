import type { Database, Statement } from "../../database/database.ts";

/** Rows looked at in one statement. */
const batchSize = 10_000;

const findWaiting: Statement = {
  name: "find_unsent_campaign_recipient",
  text: `
    select 1 from campaigns as c
    join campaign_recipients as r on r.campaign_id = c.id and r.recipient = $2
    where c.account_id = $1 and (c.imported_at is null or c.created_at > now() - interval '400 days')
    limit 1`,
};

/** Whether a number is in the list of a campaign whose messages are not made yet. */
export async function isWaitingInCampaign(
  database: Database,
  accountId: string,
  number: string,
): Promise<boolean> {
  return (await database.query(findWaiting, [accountId, number])).length > 0;
}

// As given, so in any spelling: compared by the last nine digits, which every spelling has.
const eraseRefused: Statement = {
  name: "erase_refused_recipients",
  text: `
    with page as materialized (
      select campaign_id, position, recipient from refused_recipients
      where campaign_id = $1 and position > $2
      order by position
      limit ${batchSize}
    ), erased as (
      update refused_recipients as r set recipient = '', reason = 'Erased.'
      from page
      where r.campaign_id = page.campaign_id and r.position = page.position
        and strpos(regexp_replace(page.recipient, '\\D', '', 'g'), $3) > 0
      returning 1
    )
    select (select max(position) from page) as reached, (select count(*)::int from page) as seen,
      (select count(*)::int from erased) as count`,
};

const listCampaigns: Statement = {
  name: "list_campaigns_with_refusals",
  text: "select id from campaigns where account_id = $1 and refused > 0 order by id",
};

/** Takes a number out of the lists of refused recipients. Returns how often it was there. */
export async function eraseRefusedRecipients(
  database: Database,
  accountId: string,
  number: string,
): Promise<number> {
  let erased = 0;
  for (const { id } of await database.query<{ id: string }>(listCampaigns, [accountId])) {
    for (let after = 0, seen = batchSize; seen === batchSize;) {
      const [page] = await database.query<{ reached: number | null; seen: number; count: number }>(
        eraseRefused,
        [id, after, number.slice(-9)],
      );
      after = page?.reached ?? after;
      seen = page?.seen ?? 0;
      erased += page?.count ?? 0;
    }
  }
  return erased;
}
