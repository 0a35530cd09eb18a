import type { Client } from "pg";

export interface Years {
  accountId: string;
  providerId: string;
  messages: number;
  progress: (line: string) => void;
}

const perStep = 100_000;
const perCampaign = 50_000;
export const eventsEach = 4;

const addCampaigns = `
  insert into campaigns (id, account_id, provider_id, name, status, sender, text, created_at, updated_at, imported_at, completed_at, total)
  select uuidv7(-make_interval(secs => 63e6 * (1 - n / $3::float8))), $1, $2, 'Campaign ' || n, 'COMPLETED', 'bench', 'Hello {name}',
    now(), now(), now(), now(), ${perCampaign}
  from generate_series(1, $3::int) as n returning id`;

// Every tenth is a single message with a reference; the others are of the campaign whose turn it is.
const addMessages = `
  insert into messages (id, account_id, provider_id, campaign_id, client_ref, provider_message_id, recipient, sender, text, encoding,
    segments, country, created_at, submitted_at, delivered_at, status, listed_as, last_event_tx, version, updated_at, cost, cost_currency)
  select uuidv7(at - now()), $1, $2, case when n % 10 > 0 then ($3::uuid[])[1 + n / ${perCampaign}] end,
    case when n % 10 = 0 then 'order-' || n end, gen_random_uuid()::text, '+4219' || lpad((hashint4(n)::int8 & 16777215)::text, 8, '0'),
    'bench', 'Hello ' || n || ', your order is on its way and comes tomorrow between eight and ten.', 'GSM7', 1, 'SK',
    at, at, at, status, status, pg_current_xact_id()::text::bigint, ${eventsEach}, at, 0.045, 'EUR'
  from generate_series($4::int, $5::int) as n
  cross join lateral (
    select now() - make_interval(secs => 63e6 * (1 - n / $6::float8)) as at,
      (array['UNDELIVERED', 'EXPIRED', 'REJECTED', 'UNKNOWN', 'DELIVERED'])[least(1 + n % 40, 5)]::message_status as status
  ) as m
  returning id`;

const addEvents = `
  insert into message_events (tx, account_id, message_id, provider_id, version, status, source, applied, occurred_at, received_at)
  select m.last_event_tx, $1, m.id, $2, n,
    case when n = ${eventsEach} then m.status else (array['QUEUED', 'SUBMITTING', 'SUBMITTED'])[n]::message_status end, 'DISPATCH', true,
    m.created_at, m.created_at
  from messages as m cross join generate_series(1, ${eventsEach}) as n
  where m.id = any ($3::uuid[])`;

const addAttempts = `
  insert into attempts (message_id, number, provider_id, started_at, finished_at, outcome)
  select id, 1, $1, created_at, created_at, 'ACCEPTED' from messages where id = any ($2::uuid[])`;

const addSums = [
  `insert into campaign_tallies (campaign_id, provider_id, status, delta)
   select campaign_id, provider_id, status, count(*) from messages where campaign_id is not null group by 1, 2, 3`,
  `insert into campaign_costs (campaign_id, currency, delta)
   select campaign_id, cost_currency, sum(cost) from messages where campaign_id is not null group by 1, 2`,
  `insert into move_sums (account_id, span, start, provider_id, country, from_status, to_status, lag, count)
   select account_id, span, date_bin(make_interval(secs => span), created_at, '2000-01-01'), provider_id, 'SK', 'QUEUED', status, 0, count(*)
   from messages cross join unnest(array[900, 86400]) as span group by 1, 2, 3, 4, 7`,
];

/**
 * Two years of messages with everything that belongs to them, by SQL: nine tenths in campaigns of ${perCampaign}, the others on
 * their own. Gives ids from all of the time.
 */
export async function fillYears(
  database: Client,
  { accountId, providerId, messages, progress }: Years,
): Promise<{ ids: string[]; campaignIds: string[] }> {
  const count = Math.ceil(messages / perCampaign) + 1;
  const campaigns = await database.query<{ id: string }>(addCampaigns, [accountId, providerId, count]);
  const campaignIds = campaigns.rows.map(({ id }) => id);
  const ids: string[] = [];
  for (let first = 1; first <= messages; first += perStep) {
    const last = Math.min(messages, first + perStep - 1);
    const span = [first, last, messages];
    const { rows } = await database.query<{ id: string }>(addMessages, [
      accountId,
      providerId,
      campaignIds,
      ...span,
    ]);
    const added = rows.map(({ id }) => id);
    await database.query(addEvents, [accountId, providerId, added]);
    await database.query(addAttempts, [providerId, added]);
    ids.push(...added.filter((_, place) => place % Math.ceil(messages / 10_000) === 0));
    progress(`${last.toLocaleString("en")} of ${messages.toLocaleString("en")} messages filled in`);
  }
  for (const text of addSums) await database.query(text);
  progress("vacuum analyze");
  await database.query("vacuum analyze");
  return { ids, campaignIds: campaignIds.slice(0, -1) };
}
