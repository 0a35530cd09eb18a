import type { Client } from "pg";

/** A message as the table has it. */
export interface Stored {
  id: string;
  to: string;
  kind: string | null;
  status: string;
  version: number;
  cost: number | null;
  campaignId: string | null;
  /** Whether its provider has said that it took it, in whatever way. */
  providerMessageId: string | null;
  /** When it was last submitted, by the clock of the process that did. */
  attemptedAt: Date | null;
}

export async function readStored(database: Client): Promise<Stored[]> {
  const { rows } = await database.query<Stored>(
    `select m.id, ltrim(m.recipient, '+') as to, p.kind, m.status::text as status, m.version, m.cost::float8 as cost,
      m.campaign_id as "campaignId", m.provider_message_id as "providerMessageId",
      coalesce(
        (select max(started_at) from bulk_attempts as b where m.id = any (b.message_ids)),
        (select max(started_at) from attempts as a where a.message_id = m.id)
      ) as "attemptedAt"
    from messages as m left join providers as p on p.id = m.provider_id
    -- What people write to us is nobody's order.
    where m.status <> 'RECEIVED'`,
  );
  return rows;
}

/** Recipients of campaigns that are not messages yet. */
export async function readPending(database: Client): Promise<string[]> {
  const { rows } = await database.query<{ to: string }>(
    "select ltrim(recipient, '+') as to from campaign_recipients",
  );
  return rows.map(({ to }) => to);
}

/** Messages that are still to be submitted. What a killed worker was submitting is looked at only minutes later. */
export async function countUnsent(database: Client): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    `select (
      (select count(*) from campaign_recipients)
      + (select count(*) from messages where status in ('SCHEDULED', 'QUEUED'))
    )::int as count`,
  );
  return rows[0]?.count ?? 0;
}

/** What goes on by itself: messages to be sent, and jobs that could run now. Those that only look for news always come again. */
export async function countWaiting(database: Client): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    `select (
      (select count(*) from messages where status = 'SUBMITTING')
      + (
        select count(*) from graphile_worker.jobs
        where run_at <= now() and attempts < max_attempts and task_identifier not in ('drain-receipts', 'read-inbound')
      )
    )::int as count`,
  );
  return (await countUnsent(database)) + (rows[0]?.count ?? 0);
}

/**
 * Messages whose events, in the order of the log, do not lead to what the table has: the version rises by one with
 * each event that was applied, and the last one has the message's status and cost.
 */
export async function findUnlikeLog(database: Client): Promise<string[]> {
  const { rows } = await database.query<{ problem: string }>(
    `with ordered as (
      select message_id, version, status, applied, tx, id,
        count(*) filter (where applied) over so_far as applied_so_far,
        last_value(status) over whole as last_status
      from message_events
      window so_far as (partition by message_id order by tx, id),
        whole as (partition by message_id order by tx, id rows between unbounded preceding and unbounded following)
    ), folded as (
      select message_id, count(*) filter (where applied) as versions, max(version) as version,
        bool_and(version = applied_so_far) as in_order,
        (array_agg(status order by tx desc, id desc) filter (where applied))[1] as status
      from ordered group by message_id
    ), costs as (
      select distinct on (message_id) message_id, message_cost as cost
      from message_events where message_cost is not null order by message_id, tx desc, id desc
    )
    select m.id || ': ' || m.status || ' version ' || m.version || ' cost ' || coalesce(m.cost::text, 'none')
      || ', its log: ' || coalesce(f.status::text, 'nothing') || ' version ' || coalesce(f.version, 0)
      || ' events ' || coalesce(f.versions, 0) || ' cost ' || coalesce(c.cost::text, 'none') as problem
    from messages as m
    left join folded as f on f.message_id = m.id
    left join costs as c on c.message_id = m.id
    where f.status is distinct from m.status or f.version is distinct from m.version
      or f.versions is distinct from m.version or not f.in_order or c.cost is distinct from m.cost`,
  );
  return rows.map(({ problem }) => problem);
}

/** Campaigns whose counts or costs are not those of their messages. */
export async function findMiscounted(database: Client): Promise<string[]> {
  const { rows } = await database.query<{ problem: string }>(
    `with counted as (
      select campaign_id, status::text as what, count(*)::numeric as sum from messages
      where campaign_id is not null group by 1, 2
      union all
      select campaign_id, coalesce(cost_currency, 'no currency'), sum(cost) from messages
      where campaign_id is not null and cost is not null group by 1, 2
    ), told as (
      select campaign_id, status::text as what, sum(delta)::numeric as sum from campaign_tallies group by 1, 2
      union all
      select campaign_id, coalesce(currency, 'no currency'), sum(delta) from campaign_costs group by 1, 2
    )
    select coalesce(c.campaign_id, t.campaign_id) || ' ' || coalesce(c.what, t.what) || ': '
      || coalesce(t.sum, 0) || ' said, ' || coalesce(c.sum, 0) || ' there' as problem
    from counted as c full join told as t using (campaign_id, what)
    where coalesce(c.sum, 0) <> coalesce(t.sum, 0)
      and not exists (select from campaign_recipients as r where r.campaign_id = coalesce(c.campaign_id, t.campaign_id))`,
  );
  return rows.map(({ problem }) => problem);
}

/** What there is still to do, for whoever wonders why it is not done. */
export async function describeWork(database: Client): Promise<string> {
  const parts = await Promise.all(
    [
      "select status, listed_as, count(*) from messages group by 1, 2",
      "select task_identifier, attempts, run_at, now() as now, key, queue_name, last_error, locked_by from graphile_worker.jobs order by attempts, run_at limit 200",
      "select queue_name, locked_at, locked_by from graphile_worker._private_job_queues where locked_by is not null",
      "select * from lanes",
      "select pid, state, wait_event_type, wait_event, xact_start, left(query, 200) as query from pg_stat_activity",
      `select m.id, m.recipient, m.status, m.created_at, c.at as checked_next, c.checks, m.provider_id,
        (select json_agg(a order by number) from attempts as a where a.message_id = m.id) as attempts,
        (select json_agg(json_build_object('status', e.status, 'source', e.source, 'at', e.received_at, 'detail', e.detail) order by e.id)
          from message_events as e where e.message_id = m.id) as events
      from messages as m left join message_checks as c on c.message_id = m.id
      where m.status in ('OUTCOME_UNKNOWN', 'SUBMITTED', 'SENT') limit 300`,
      "select id, enabled, worker, problem, failures, retry_at from webhooks",
    ].map((text) => database.query(text)),
  );
  return parts.map(({ rows }) => JSON.stringify(rows, null, 1)).join("\n");
}
