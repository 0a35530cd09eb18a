import type { Database, Statement } from "../../database/database.ts";
import type { ServedApi } from "../../messages/accept/send-input.ts";
import type { OutboundStatus } from "../../messages/model/status.ts";
import type { ReportForm } from "./form.ts";

/** Events read in one transaction. */
const pageSize = 2_000;

interface Event {
  accountId: string;
  messageId: string;
  status: OutboundStatus;
  occurredAt: string;
  wasSubmitted: boolean;
  api: ServedApi;
  url: string | null;
  details: Record<string, unknown> | null;
  segments: number;
}

interface Page {
  /** Null when another process is reading. */
  tx: string | null;
  id: string | null;
  count: number;
  /** Whether any message came by a served API. */
  wanted: boolean;
  events: Event[];
}

// Without a message that came by a served API, nothing is read: the position moves to the end of what is settled.
const readPage: Statement = {
  name: "read_events_for_compat_reports",
  text: `
    with reader as materialized (
      select tx, id from compat_reader for update skip locked
    ), settled as materialized (
      select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as tx, exists (select 1 from compat_messages) as wanted
    ), page as materialized (
      select e.* from reader as r
      cross join settled as s
      cross join lateral (
        select e.tx, e.id, e.message_id, e.status, e.occurred_at, e.applied from message_events as e
        where s.wanted and (e.tx, e.id) > (r.tx, r.id) and e.tx < s.tx
        order by e.tx, e.id
        limit ${pageSize}
      ) as e
    ), told as (
      select c.account_id as "accountId", p.message_id as "messageId", p.status, p.occurred_at as "occurredAt",
        c.api, c.callback_url as url, c.details, m.segments,
        exists (
          select 1 from message_events as b
          where b.message_id = p.message_id and b.applied and b.status in ('SUBMITTED', 'SENT') and (b.tx, b.id) < (p.tx, p.id)
        ) as "wasSubmitted"
      from page as p
      join compat_messages as c on c.message_id = p.message_id and (c.callback_url is not null or c.api = 'QIKLI')
      join messages as m on m.id = p.message_id
      where p.applied and p.status not in ('SCHEDULED', 'QUEUED', 'SUBMITTING', 'OUTCOME_UNKNOWN', 'READ')
      order by p.tx, p.id
    ), last as (
      select tx, id from page order by tx desc, id desc limit 1
    )
    select coalesce(l.tx, case when not s.wanted then greatest(r.tx, s.tx) else r.tx end)::text as tx,
      coalesce(l.id, case when not s.wanted and s.tx > r.tx then 0 else r.id end)::text as id,
      (select count(*)::int from page) as count, s.wanted, (select coalesce(json_agg(told), '[]') from told) as events
    from settled as s
    left join reader as r on true
    left join last as l on true`,
};

const move: Statement = {
  name: "move_compat_reader",
  text: "update compat_reader set tx = $1, id = $2 where (tx, id) <> ($1::bigint, $2::bigint)",
};

// Due with the one before of its message, if that is tried again later.
const add: Statement = {
  name: "add_compat_reports",
  text: `
    insert into compat_reports (account_id, message_id, api, url, origin, status, occurred_at, part, parts, due_at)
    select n.*, greatest(now(), (
      select max(p.due_at) from compat_reports as p
      where p.message_id = n.message_id and p.url is not null and p.lease is null
    ))
    from unnest(
      $1::uuid[], $2::uuid[], $3::compat_api[], $4::text[], $5::text[], $6::message_status[], $7::timestamptz[],
      $8::smallint[], $9::smallint[]
    ) as n (account_id, message_id, api, url, origin, status, occurred_at, part, parts)`,
};

export interface Collected {
  /** Whether more may be there to be read at once. */
  isFull: boolean;
  /** Whether there is nothing to be told of any message. */
  isIdle: boolean;
  /** To which something is to be posted, and whose they are. */
  origins: Map<string, string>;
}

/** Reads the next events, and stores what is to be told of them, in one transaction. */
export function collectReports(
  database: Database,
  forms: Readonly<Partial<Record<ServedApi, ReportForm>>>,
): Promise<Collected> {
  return database.transaction(async (transaction) => {
    const [page] = await transaction.query<Page>(readPage, []);
    if (page?.tx == null) return { isFull: false, isIdle: false, origins: new Map() };
    const rows = page.events.flatMap((event) => {
      const form = forms[event.api];
      if (!form?.tells(event)) return [];
      const parts = form.ofEachPart ? event.segments : 1;
      // Of an account of its own: many clients are behind the same gateway, and one of them may not answer.
      const origin = event.url === null ? null : `${new URL(event.url).origin} ${event.accountId}`;
      return Array.from({ length: parts }, (_, index) => ({ ...event, origin, part: index + 1, parts }));
    });
    if (rows.length > 0)
      await transaction.query(add, [
        rows.map(({ accountId }) => accountId),
        rows.map(({ messageId }) => messageId),
        rows.map(({ api }) => api),
        rows.map(({ url }) => url),
        rows.map(({ origin }) => origin),
        rows.map(({ status }) => status),
        rows.map(({ occurredAt }) => occurredAt),
        rows.map(({ part }) => part),
        rows.map(({ parts }) => parts),
      ]);
    await transaction.query(move, [page.tx, page.id]);
    const origins = new Map(
      rows.flatMap(({ origin, accountId }) => (origin === null ? [] : [[origin, accountId] as const])),
    );
    return { isFull: page.count === pageSize, isIdle: !page.wanted, origins };
  });
}
