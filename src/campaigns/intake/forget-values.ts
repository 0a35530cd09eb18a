import type { Database, Statement } from "../../database/database.ts";
import { paced } from "../../lib/paced.ts";

const batchSize = 5_000;

// Few campaigns have values at a time, so each of them is found by one step through the index.
const forget: Statement = {
  name: "forget_values_of_begun_campaigns",
  text: `
    with recursive holders as (
      (select campaign_id from campaign_values order by campaign_id limit 1)
      union all
      select (
        select v.campaign_id from campaign_values as v where v.campaign_id > h.campaign_id order by v.campaign_id limit 1
      )
      from holders as h
      where h.campaign_id is not null
    ), begun as (
      select c.id from holders as h
      join campaigns as c on c.id = h.campaign_id
      where c.rewritten_to is null and (
        c.status in ('COMPLETED', 'CANCELLED')
        or (
          select sum(delta) from campaign_tallies
          where campaign_id = c.id and status not in ('SCHEDULED', 'QUEUED', 'CANCELLED')
        ) > 0
      )
    ), gone as (
      delete from campaign_values where (campaign_id, message_id) in (
        select v.campaign_id, v.message_id
        from begun join campaign_values as v on v.campaign_id = begun.id
        limit ${batchSize}
      )
      returning 1
    )
    select count(*)::int as count from gone`,
};

/** Deletes what the messages of campaigns were made of, once their texts cannot change any more. */
export async function forgetUsedValues(database: Database, signal?: AbortSignal): Promise<void> {
  await paced(async () => {
    const [gone] = await database.query<{ count: number }>(forget, []);
    return gone?.count === batchSize;
  }, signal);
}
