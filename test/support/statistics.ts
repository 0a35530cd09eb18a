import type { Database } from "../../src/database/database.ts";

interface Line {
  account: string;
  provider: string;
  country: string;
  minute: string;
  from: string;
  to: string;
  count: number;
}

const noProvider = "00000000-0000-0000-0000-000000000000";

/** What the statistics hold, minute by minute: sums, and what is not added to them yet. */
export async function recordedMoves({ pool }: Pick<Database, "pool">): Promise<Line[]> {
  const { rows } = await pool.query<Line>(
    `select account_id as account, provider_id as provider, country, minute::text, from_status as "from", to_status as "to",
       sum(count)::int as count
     from (
       select account_id, provider_id, country, minute, from_status, to_status, count from move_deltas
       union all
       select account_id, provider_id, country, start, from_status, to_status, count from move_sums where span = 60
     ) as m
     group by 1, 2, 3, 4, 5, 6
     order by 1, 2, 3, 4, 5, 6`,
  );
  return rows;
}

/** The same, counted from the event log. */
export async function loggedMoves({ pool }: Pick<Database, "pool">): Promise<Line[]> {
  const { rows } = await pool.query<Line>(
    `select account_id as account, coalesce(provider_id, '${noProvider}') as provider, country,
       date_trunc('minute', received_at)::timestamptz(0)::text as minute, "from", "to", count(*)::int as count
     from (
       select e.account_id, e.provider_id, coalesce(m.country, '') as country, e.received_at, e.version,
         coalesce(lag(e.status) over (partition by e.message_id order by e.version), e.status) as "from", e.status as "to"
       from message_events as e
       join messages as m on m.id = e.message_id
       where e.applied
     ) as steps
     where version = 1 or "from" <> "to"
     group by 1, 2, 3, 4, 5, 6
     order by 1, 2, 3, 4, 5, 6`,
  );
  return rows;
}

/** Charges by provider and currency: as the statistics add them up, and as the messages have them. */
export async function charges({
  pool,
}: Pick<Database, "pool">): Promise<{ recorded: object[]; stored: object[] }> {
  const [recorded, stored] = await Promise.all([
    pool.query<object>(
      `select provider_id as provider, currency, trim_scale(sum(amount))::text as amount
       from (
         select provider_id, currency, amount from charge_deltas
         union all
         select provider_id, currency, amount from charge_sums where span = 86400
       ) as c
       group by 1, 2 having sum(amount) <> 0 order by 1, 2`,
    ),
    pool.query<object>(
      `select coalesce(provider_id, '${noProvider}') as provider, coalesce(cost_currency, '') as currency,
         trim_scale(sum(cost))::text as amount
       from messages where cost is not null group by 1, 2 having sum(cost) <> 0 order by 1, 2`,
    ),
  ]);
  return { recorded: recorded.rows, stored: stored.rows };
}
