import type { Clock } from "../../lib/clock.ts";
import { planningAnew, type Database, type Statement } from "../../database/database.ts";
import { eventChannel } from "../../messages/log/event-log.ts";
import { newMessageId } from "../../lib/uuid.ts";
import { listedAsInSql } from "../../messages/model/status.ts";
import { campaignChannel } from "../../messages/changes/tallies.ts";
import { addMovesInSql } from "../../messages/statistics/moves.ts";
import { jobSpan } from "../../queue/job-span.ts";
import { isTracing, tracedFor, type StoredTrace } from "../../tracing/tracing.ts";

/** Messages created per transaction: a long one would hold back the readers of the event log. */
const chunkSize = 2_000;

/** About how many messages of a campaign, evenly spread, are seen in its trace; of a large one, one in each chunk. */
const tracedMessages = 100;

/** What a message has from its recipient and its campaign as it is. */
const copied = `
  id, follows, account_id, campaign_id, provider_id, recipient, sender, encoding, segments, priority, country, client_ref,
  scheduled_at, estimated_cost, estimated_currency, routed, status, trace`;

interface ExpandOptions {
  database: Database;
  clock: Clock;
}

/**
 * Deletes recipients and inserts their messages in one statement, so a crash can neither lose a recipient nor
 * send to one twice. It waits for recipients that another worker is turning into messages, so finding none
 * means that none are left.
 */
const expanding = (
  name: string,
  { isRepeated, follows }: { isRepeated: string; follows: string },
): Statement => ({
  name,
  text: `
    with campaign as (
      select * from campaigns where id = $1
    ), taken as (
      delete from campaign_recipients
      where campaign_id = $1 and position = any (array(
        select position from campaign_recipients where campaign_id = $1 order by position limit cardinality($2::uuid[])
        for update
      ))
      returning *, ${isRepeated} as is_repeated
    ), numbered as (
      select *, row_number() over (order by position) as place from taken
    ), message as (
      select n.*, ids.id, c.account_id, c.provider_id is null as routed, c.text as campaign_text, c.priority, c.scheduled_at, c.served_as,
        coalesce(n.callback_url, c.callback_url) as url,
        case
          when c.status = 'CANCELLED' then 'CANCELLED'
          when c.scheduled_at > $3 then 'SCHEDULED'
          else 'QUEUED'
        end::message_status as status,
        ${follows} as follows,
        case when n.place % least(${chunkSize}, greatest(1, c.total / ${tracedMessages})) = 0 then c.trace end as trace
      from numbered as n
      join unnest($2::uuid[]) with ordinality as ids (id, place) using (place)
      cross join campaign as c
    ), stored as (
      insert into messages (${copied}, text, created_at, updated_at, listed_as, last_event_tx)
      select ${copied}, coalesce(text, campaign_text), $3, $3,
        ${listedAsInSql("status")}, pg_current_xact_id()::text::bigint
      from message
    ), kept as (
      -- Until it begins: its text may be changed.
      insert into campaign_values (campaign_id, message_id, position, given)
      select $1, id, position, given from message where given is not null and status = 'SCHEDULED'
    ), known as (
      insert into compat_messages (message_id, account_id, api, vendor_id, callback_url)
      select id, account_id, served_as, id::text, url
      from message
      where served_as is not null and url is not null
    ), logged as (
      insert into message_events (
        tx, account_id, message_id, provider_id, version, status, source, applied, occurred_at, received_at
      )
      select pg_current_xact_id()::text::bigint, account_id, id, provider_id, 1, status, 'API', true, $3, $3
      from message
      order by place
    ), moved as (${addMovesInSql({
      rows: "message",
      account: "account_id",
      provider: "provider_id",
      country: "country",
      at: "$3::timestamptz",
      from: "status",
      to: "status",
    })}
    ), expected as (
      -- The status under which the recipients were counted before they became messages.
      select case when scheduled_at is null then 'QUEUED' else 'SCHEDULED' end::message_status as status from campaign
    ), tallied as (
      insert into campaign_tallies (campaign_id, provider_id, status, delta)
      select $1::uuid, provider_id, status, sum(delta)
      from (
        select provider_id, status, 1 as delta from message
        union all
        select null, expected.status, -1 from message, expected
      ) as moves
      group by provider_id, status
      having sum(delta) <> 0
    )
    select count(*)::int as count, pg_notify('${eventChannel}', ''), pg_notify('${campaignChannel}', $1::text)
    from message`,
});

const expand = expanding("expand_campaign", { isRepeated: "false", follows: "null::uuid" });

/** Where numbers may be repeated, each message to one waits for the one before it. */
const expandRepeated = expanding("expand_campaign_with_repeated_numbers", {
  isRepeated: "tableoid = 'repeated_recipients'::regclass",
  follows: `case when n.is_repeated then coalesce(
          lag(ids.id) over (partition by n.recipient order by n.place),
          (
            select m.id from messages as m
            where m.account_id = c.account_id and m.recipient = n.recipient and m.campaign_id = c.id
            order by m.id desc
            limit 1
          )
        ) end`,
});

const findRepeated: Statement = {
  name: "has_repeated_recipients",
  text: "select exists (select 1 from repeated_recipients where campaign_id = $1) as found",
};

/** Turns the next recipients of a campaign into messages. Returns how many; 0 when all are done. */
async function expandChunk(
  { database, clock }: ExpandOptions,
  campaignId: string,
  statement: Statement,
): Promise<number> {
  const now = clock.now();
  const ids = Array.from({ length: chunkSize }, () => newMessageId(now)).toSorted();
  const [made] = await database.query<{ count: number }>(statement, [campaignId, ids, now]);
  return made?.count ?? 0;
}

/**
 * Turns all recipients of a campaign into messages. Runs as a job; a repeated run continues where the last
 * one stopped.
 */
export async function expandCampaign({ clock, ...given }: ExpandOptions, campaignId: string): Promise<void> {
  // There are no recipients between campaigns, and millions of one.
  const database = planningAnew(given.database);
  const [repeated] = await database.query<{ found: boolean }>(findRepeated, [campaignId]);
  const statement = repeated?.found === true ? expandRepeated : expand;
  const trace = isTracing() ? await readTrace(database, campaignId) : null;
  const span = jobSpan("expand-campaign", { "smsgraph.campaign.id": campaignId });
  await tracedFor(trace, span, async () => {
    while ((await expandChunk({ database, clock }, campaignId, statement)) > 0);
  });
}

const findTrace: Statement = {
  name: "read_trace_of_campaign",
  text: "select trace::text from campaigns where id = $1",
};

async function readTrace(database: Database, campaignId: string): Promise<StoredTrace> {
  const [row] = await database.query<{ trace: StoredTrace }>(findTrace, [campaignId]);
  return row?.trace ?? null;
}
