import type { Database, Statement } from "../../database/database.ts";
import { listedAs } from "../model/status.ts";
import type { DispatchMessage } from "./dispatch-message.ts";

/** Messages of the account that are looked at, after the one in hand. */
const lookedAt = 500;

const find: Statement = {
  name: "find_messages_that_end_alike",
  text: `
    select id from (
      select id, provider_id, campaign_id, status, scheduled_at, valid_until, routed
      from messages
      where account_id = $1 and listed_as = $2::message_status and id > $3
      order by id
      limit ${lookedAt}
    ) as next
    where provider_id = $4 and campaign_id is null and status = $5::message_status
      and (scheduled_at is null or scheduled_at <= $6)
      and case when $7 then valid_until <= $6 else not routed end
      -- What may have been sent is left to its own job, which asks what became of it.
      and not exists (select 1 from attempts where message_id = next.id and finished_at is null)`,
};

/**
 * Messages that wait behind this one and end for the same reason: their time is over, too, or their provider, which is the only
 * one that they may go to, is gone. So a long queue ends in few steps.
 */
export async function findAlike(
  database: Database,
  { accountId, id, providerId, status }: DispatchMessage,
  now: Date,
  isExpired: boolean,
): Promise<string[]> {
  const values = [accountId, listedAs(status), id, providerId, status, now, isExpired];
  return (await database.query<{ id: string }>(find, values)).map((row) => row.id);
}
