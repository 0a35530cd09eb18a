import { execute, type Database, type Statement } from "../../database/database.ts";
import type { ServedApi } from "../../messages/accept/send-input.ts";
import type { StoredReport } from "./form.ts";

/** A report that is to be posted. */
export interface DueReport extends StoredReport {
  api: ServedApi;
  url: string;
  origin: string;
  accountId: string;
  /** This one included. */
  attempts: number;
}

/** How many more reports of an origin there is room for. */
export interface Room {
  accountId: string;
  origin: string;
  places: number;
}

/** A report that nobody has said anything of is taken again after this: its process has died. */
export const leaseSeconds = 90;

const mostOrigins = 2_000;
const mostOriginsOfOne = mostOrigins / 8;
/** Accounts with more origins than one look takes, of which is known how far it came; others' are looked at from the first. */
const mostCutShort = 1_000;

// From account to account and from origin to origin by the index, however many reports each has. The next look begins where
// this one ended, of each account too, so that nobody's many origins keep those behind them from being seen.
const findDue: Statement = {
  name: "find_origins_of_due_compat_reports",
  text: `
    with recursive owner as (
      (
        select account_id from compat_reports
        where url is not null and ($1::uuid is null or account_id > $1) order by account_id limit 1
      )
      union all
      select n.account_id from owner as o
      cross join lateral (
        select r.account_id from compat_reports as r
        where r.url is not null and r.account_id > o.account_id order by r.account_id limit 1
      ) as n
    )
    select o.account_id as "accountId", own.origin, own.due_at <= now() as "isDue"
    from owner as o
    cross join lateral (
      with recursive first as (
        (
          select origin, due_at from compat_reports
          where url is not null and account_id = o.account_id
            and origin > coalesce((select c.origin from unnest($2::uuid[], $3::text[]) as c (id, origin) where c.id = o.account_id), '')
          order by origin, due_at limit 1
        )
        union all
        select n.origin, n.due_at from first as f
        cross join lateral (
          select r.origin, r.due_at from compat_reports as r
          where r.url is not null and r.account_id = o.account_id and r.origin > f.origin
          order by r.origin, r.due_at limit 1
        ) as n
      )
      select origin, due_at from first limit ${mostOriginsOfOne}
    ) as own
    limit ${mostOrigins}`,
};

interface Found {
  origin: string;
  accountId: string;
  isDue: boolean;
}

/** How far a look has come. */
export interface Looked {
  /** The last account that it came to; undefined after all of them. */
  accountId: string | undefined;
  /** The last origin of accounts that have more. */
  lastOf: ReadonlyMap<string, string>;
}

export const notLooked: Looked = { accountId: undefined, lastOf: new Map() };

/** The next origins to which something may be due and whose they are, and how far that look came. */
export async function findDueOrigins(
  database: Database,
  after: Looked,
): Promise<{ origins: (readonly [origin: string, accountId: string])[]; looked: Looked }> {
  const values = [after.accountId, [...after.lastOf.keys()], [...after.lastOf.values()]];
  const found = await database.query<Found>(findDue, values);
  return {
    origins: found.filter(({ isDue }) => isDue).map(({ origin, accountId }) => [origin, accountId] as const),
    looked: lookedAt(found, after),
  };
}

function lookedAt(found: readonly Found[], after: Looked): Looked {
  const accountId = found.length < mostOrigins ? undefined : found.at(-1)?.accountId;
  const wasPassed = (id: string): boolean =>
    id > (after.accountId ?? "") && (accountId === undefined || id <= accountId);
  const lastOf = new Map([...after.lastOf].filter(([id]) => !wasPassed(id)));
  for (const [id, own] of Map.groupBy(found, (one) => one.accountId)) {
    const last = own.at(-1);
    const isCutShort = own.length === mostOriginsOfOne || id === accountId;
    if (last && isCutShort && lastOf.size < mostCutShort) lastOf.set(id, last.origin);
  }
  return { accountId, lastOf };
}

// Of each message only the oldest is taken: they are told in their order.
const claim: Statement = {
  name: "claim_compat_reports",
  text: `
    with taken as materialized (
      select due.id from unnest($1::uuid[], $2::text[], $3::int[]) as o (account_id, origin, places)
      cross join lateral (
        select r.id from compat_reports as r
        where r.url is not null and r.account_id = o.account_id and r.origin = o.origin and r.due_at <= now()
          and r.account_id <> all (array(select id from accounts where suspended_at is not null))
          and r.id = (select min(p.id) from compat_reports as p where p.message_id = r.message_id and p.url is not null)
        order by r.due_at, r.id
        limit o.places
        for update of r skip locked
      ) as due
    )
    update compat_reports as r
    set due_at = now() + interval '${leaseSeconds} seconds', attempts = attempts + 1, lease = $4
    from taken
    where r.id = taken.id
    returning r.id::text, r.message_id as "messageId", r.api, r.url, r.origin, r.account_id as "accountId", r.status, r.occurred_at as "occurredAt",
      r.part, r.parts, r.attempts`,
};

// The table is empty most of the time: by its statistics then, reading and sorting a whole backlog looks as cheap as
// reading so many of it in the order of the index.
const goByIndex: Statement = {
  name: "go_by_index",
  text: `
    select set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true),
      set_config('enable_seqscan', 'off', true)`,
};

/** Takes reports that are due for a process, of each of the origins as many as it has room for, the oldest first. */
export async function claimReports(
  database: Database,
  rooms: readonly Room[],
  owner: string,
): Promise<DueReport[]> {
  const accountIds = rooms.map(({ accountId }) => accountId);
  const origins = rooms.map(({ origin }) => origin);
  const places = rooms.map(({ places: free }) => free);
  const due = await database.transaction(async (transaction) => {
    await execute(transaction, goByIndex, []);
    return transaction.query<DueReport>(claim, [accountIds, origins, places, owner]);
  });
  return due.toSorted((one, other) => Number(one.id) - Number(other.id));
}

/** What became of a report that a process had taken. */
export type Settled = { id: string } & (
  | { kind: "taken" }
  | { kind: "refused"; waitMs: number; problem: string }
  /** It was not posted. */
  | { kind: "returned" }
);

// What follows a refused report of the same message is due with it, so that claims do not pass by it again and again.
const settle: Statement = {
  name: "settle_compat_reports",
  text: `
    with gone as (
      delete from compat_reports where id = any ($2::bigint[]) returning id, message_id
    ), returned as (
      update compat_reports set due_at = now(), attempts = attempts - 1, lease = null
      where id = any ($3::bigint[]) and lease = $1
    ), refused as (
      update compat_reports as r
      set due_at = now() + make_interval(secs => f.seconds), lease = null,
        problem = case when r.id = f.id then f.problem else r.problem end
      from unnest($4::bigint[], $5::float8[], $6::text[]) as f (id, seconds, problem)
      join compat_reports as own on own.id = f.id and own.lease = $1
      where r.message_id = own.message_id and r.id >= own.id and r.url is not null
    )
    select distinct next.origin, next.account_id as "accountId" from gone
    cross join lateral (
      select r.origin, r.account_id from compat_reports as r
      where r.message_id = gone.message_id and r.id > gone.id and r.url is not null order by r.id limit 1
    ) as next`,
};

/** Notes what became of reports; returns the origins to which others of their messages can go now, and whose they are. */
export async function settleReports(
  database: Database,
  settled: readonly Settled[],
  owner: string,
): Promise<(readonly [origin: string, accountId: string])[]> {
  const idsOf = (kind: Settled["kind"]): string[] =>
    settled.filter((one) => one.kind === kind).map(({ id }) => id);
  const refused = settled.filter((one) => one.kind === "refused");
  const values = [
    owner,
    idsOf("taken"),
    idsOf("returned"),
    refused.map(({ id }) => id),
    refused.map(({ waitMs }) => waitMs / 1_000),
    refused.map(({ problem }) => problem),
  ];
  const next = await database.transaction(async (transaction) => {
    await execute(transaction, goByIndex, []);
    return transaction.query<{ origin: string; accountId: string }>(settle, values);
  });
  return next.map(({ origin, accountId }) => [origin, accountId] as const);
}

const forget: Statement = {
  name: "forget_compat_reports",
  text: `
    with old as (
      select id from compat_reports where created_at < now() - make_interval(days => $1::int) limit 5000
    )
    delete from compat_reports where id in (select id from old)`,
};

/** Drops what nobody has taken for so many days. */
export const forgetReports = (database: Database, days: number): Promise<unknown> =>
  database.query(forget, [days]);
