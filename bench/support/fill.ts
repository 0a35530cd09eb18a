import type { Client } from "pg";

export interface Filling {
  accountId: string;
  providerId: string;
  messages: number;
  eventsEach: number;
}

/** Messages of one campaign with their timelines, by SQL. Gives their ids, the newest first, and the campaign's. */
export async function fillMessages(
  database: Client,
  { accountId, providerId, messages, eventsEach }: Filling,
): Promise<{ ids: string[]; campaignId: string }> {
  const campaign = await database.query<{ id: string }>(
    `insert into campaigns (id, account_id, name, status, sender, text, created_at, updated_at, imported_at, total)
     values (uuidv7(), $1, 'Spring', 'COMPLETED', 'bench', 'Hello', now(), now(), now(), $2) returning id`,
    [accountId, messages],
  );
  const campaignId = campaign.rows[0]?.id ?? "";
  const { rows } = await database.query<{ id: string }>(
    `insert into messages (id, account_id, provider_id, campaign_id, recipient, sender, text, encoding, segments, country,
       created_at, status, listed_as, last_event_tx, version, updated_at)
     select uuidv7(), $1, $2, $3, '+42190' || lpad(n::text, 7, '0'), 'bench', 'Hello ' || n, 'GSM7', 1, 'SK',
       now(), 'DELIVERED', 'DELIVERED', pg_current_xact_id()::text::bigint, $5, now()
     from generate_series(1, $4::int) as n returning id`,
    [accountId, providerId, campaignId, messages, eventsEach],
  );
  await database.query(
    `insert into message_events (tx, account_id, message_id, provider_id, version, status, source, applied, occurred_at, received_at)
     select pg_current_xact_id()::text::bigint, $1, id, $2, n,
       (array['QUEUED', 'SUBMITTING', 'SUBMITTED', 'SENT', 'DELIVERED'])[least(n, 5)]::message_status, 'DISPATCH', true, now(), now()
     from messages cross join generate_series(1, $3::int) as n where campaign_id = $4`,
    [accountId, providerId, eventsEach, campaignId],
  );
  await database.query("vacuum analyze messages, message_events");
  return {
    ids: rows
      .map(({ id }) => id)
      .toSorted()
      .toReversed(),
    campaignId,
  };
}
