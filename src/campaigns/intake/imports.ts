import { planningAnew, type Database, type Statement } from "../../database/database.ts";

/** Rows deleted per transaction: a long one would hold back the readers of the event log. */
const batchSize = 10_000;

// Marks a campaign as being removed (no longer importing, lease ended) and frees its key for another try.
const giveUp: Statement = {
  name: "give_up_campaign_import",
  text: "update campaigns set import_until = null, idempotency_key = null where id = $1 and imported_at is null",
};

const giveUpDead: Statement = {
  name: "give_up_dead_campaign_imports",
  text: `
    update campaigns set import_until = null, idempotency_key = null
    where imported_at is null and import_until < now()`,
};

const findGivenUp: Statement = {
  name: "find_given_up_campaign_imports",
  text: "select id from campaigns where imported_at is null and import_until is null",
};

const removeRows = (
  table: "campaign_recipients" | "refused_recipients" | "duplicate_recipients",
): Statement => ({
  name: `remove_${table}`,
  text: `
    with removed as (
      delete from ${table}
      where campaign_id = $1 and position = any (array(
        select position from ${table} where campaign_id = $1 order by position limit ${batchSize}
      ))
      returning 1
    )
    select count(*)::int as count from removed`,
});
const removals = [
  removeRows("campaign_recipients"),
  removeRows("refused_recipients"),
  removeRows("duplicate_recipients"),
];

/** Few rows per campaign, so one statement is enough. */
const removeSums: Statement = {
  name: "remove_campaign_sums",
  text: `
    with routes as (delete from campaign_routes where campaign_id = $1)
    delete from campaign_estimates where campaign_id = $1`,
};

const removeCampaign: Statement = {
  name: "remove_campaign",
  text: "delete from campaigns where id = $1 and imported_at is null and import_until is null",
};

/** Removes a campaign whose import failed, with everything stored for it. */
export async function abandonImport(database: Database, campaignId: string): Promise<void> {
  await database.query(giveUp, [campaignId]);
  await remove(database, campaignId);
}

/** Removes the imports whose process died. */
export async function removeDeadImports(database: Database): Promise<void> {
  await database.query(giveUpDead, []);
  for (const { id } of await database.query<{ id: string }>(findGivenUp, [])) await remove(database, id);
}

/**
 * Deletes the rows before the campaign: if this stops halfway, a later round still finds the campaign and
 * goes on.
 */
async function remove(given: Database, campaignId: string): Promise<void> {
  const database = planningAnew(given);
  for (const removal of removals) {
    for (let removed = batchSize; removed === batchSize;) {
      const [row] = await database.query<{ count: number }>(removal, [campaignId]);
      removed = row?.count ?? 0;
    }
  }
  await database.transaction(async (transaction) => {
    await transaction.query(removeSums, [campaignId]);
    await transaction.query(removeCampaign, [campaignId]);
  });
}
