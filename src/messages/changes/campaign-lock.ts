import { execute, type Queryable, type Statement } from "../../database/database.ts";

const locking = (name: string, lock: string): Statement => ({
  name,
  text: `select ${lock}(hashtext('campaign'), hashtext($1::text))`,
});

const share = locking("share_campaign", "pg_advisory_xact_lock_shared");
const take = locking("lock_campaign_change", "pg_advisory_xact_lock");

/**
 * Held while messages of a campaign are taken to be submitted. What is read after it has every change of the campaign in it.
 * Nobody waits for the answer, so it costs no round trip.
 */
export const shareCampaign = (transaction: Queryable, campaignId: string): Promise<void> =>
  execute(transaction, share, [campaignId]);

/** Waits until no messages of the campaign are being taken, and lets none be taken until the transaction ends. */
export async function lockCampaignChange(transaction: Queryable, campaignId: string): Promise<void> {
  await transaction.query(take, [campaignId]);
}
