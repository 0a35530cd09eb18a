import type { Database, Statement } from "../../database/database.ts";
import { minUuid } from "../../lib/uuid.ts";

/** Messages changed in one statement. */
const batchSize = 5_000;

const move: Statement = {
  name: "move_messages_of_campaign",
  text: `
    with moved as (
      update messages as m set scheduled_at = c.scheduled_at, priority = c.priority
      from campaigns as c
      where c.id = $1 and m.id = any (array(
        select id from messages
        where campaign_id = $1 and (listed_as, id) > ('SCHEDULED', $2::uuid)
          and (listed_as, id) < ('SCHEDULED', 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        order by listed_as, id
        limit ${batchSize}
        for no key update skip locked
      ))
      returning m.id
    )
    select id from moved order by id desc limit 1`,
};

/** Gives messages what they show of their campaign. They are sent when it is, so this may stop halfway. */
export async function moveWaitingMessages(database: Database, campaignId: string): Promise<void> {
  for (let after = minUuid; ;) {
    const [last] = await database.query<{ id: string }>(move, [campaignId, after]);
    if (!last) return;
    after = last.id;
  }
}
