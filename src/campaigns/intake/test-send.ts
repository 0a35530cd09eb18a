import type { Database, Statement } from "../../database/database.ts";
import { InvalidInputError, NotFoundError } from "../../lib/errors.ts";
import type { SendRestrictions } from "../../lib/send-restrictions.ts";
import type { MessageSender, SendResult } from "../../messages/accept/send.ts";

/** Numbers in one test. */
export const maxTestNumbers = 10;

const read: Statement = {
  name: "read_campaign_to_test",
  text: `
    select c.sender as from, c.provider_id as "providerId", coalesce(
      (select coalesce(r.text, c.text) from campaign_recipients as r where r.campaign_id = c.id order by position limit 1),
      (select m.text from messages as m where m.campaign_id = c.id order by m.id limit 1)
    ) as text
    from campaigns as c
    where c.id = $1 and c.account_id = $2 and c.imported_at is not null`,
};

/**
 * Sends the text of a campaign's first recipient to a few numbers, as single messages beside the campaign.
 * @throws NotFoundError, InvalidInputError
 */
export async function sendCampaignTest(
  {
    database,
    sender,
    within,
  }: { database: Database; sender: MessageSender; within: SendRestrictions | undefined },
  { accountId, campaignId }: { accountId: string; campaignId: string },
  to: readonly string[],
): Promise<SendResult[]> {
  if (to.length === 0 || to.length > maxTestNumbers)
    throw new InvalidInputError("to", `Give 1 to ${maxTestNumbers} numbers, not ${to.length}.`);
  const [campaign] = await database.query<{ from: string; providerId: string | null; text: string | null }>(
    read,
    [campaignId, accountId],
  );
  if (!campaign) throw new NotFoundError("Campaign", campaignId);
  const { from, providerId, text } = campaign;
  if (!text) throw new InvalidInputError("id", "The campaign has no text any more. Create another one.");
  return sender.send(
    accountId,
    to.map((number) => ({ to: number, from, providerId, text })),
    within,
  );
}
