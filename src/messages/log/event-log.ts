import type { FeedEvent, LoggedEvent, Position } from "./logged-event.ts";
import type { Queryable, Statement } from "../../database/database.ts";
import type { Flag } from "../../database/raw-row.ts";
import type { EventFilter } from "./event-filter.ts";
import {
  eventColumns,
  factColumns,
  feedColumnCount,
  toEvents,
  toFeedEvents,
  type EventRow,
  type FeedRow,
} from "./event-rows.ts";

/** The channel of the hint that the log has grown. */
export const eventChannel = "smsgraph_events";

const lastId = 2n ** 63n - 1n;

/** The position after every event of transactions up to `tx`. */
export const behind = (tx: bigint): Position => ({ tx, id: lastId });

export function comparePositions(one: Position, other: Position): number {
  if (one.tx !== other.tx) return one.tx < other.tx ? -1 : 1;
  return one.id === other.id ? 0 : one.id < other.id ? -1 : 1;
}

export const latest = (one: Position, other: Position): Position =>
  comparePositions(one, other) < 0 ? other : one;

/** Cursors are opaque to clients; the leading version lets us change their content. */
export function encodeCursor({ tx, id }: Position): string {
  return Buffer.from(id === lastId ? `1:${tx}` : `1:${tx}:${id}`).toString("base64url");
}

/** Undefined when the text is not a cursor of ours. */
export function decodeCursor(cursor: string): Position | undefined {
  const parts = /^1:(\d{1,19})(?::(\d{1,19}))?$/.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  if (!parts?.[1]) return undefined;
  const position = { tx: BigInt(parts[1]), id: parts[2] === undefined ? lastId : BigInt(parts[2]) };
  return position.tx > lastId || position.id > lastId ? undefined : position;
}

// Events that are not settled are not read: a long transaction would make us read them again and again. The
// test for them has an order, because a plain `exists` makes PostgreSQL start at the wrong end of the table.
const tailWith = (name: string, facts: string, join: string): Statement => ({
  name,
  raw: true,
  text: `
    with edge as materialized (
      select horizon, horizon < next and (
        select true from message_events where tx >= horizon order by tx, id limit 1
      ) is not null as unsettled, (select erased_tx from event_log_floor) as erased_tx
      from (
        select pg_snapshot_xmin(s)::text::bigint as horizon, pg_snapshot_xmax(s)::text::bigint as next
        from pg_current_snapshot() as s
      ) as snapshot
    )
    select ${eventColumns}, ${facts}, edge.horizon, edge.unsettled, edge.erased_tx
    from edge
    left join lateral (
      select * from message_events
      where (tx, id) > ($1::bigint, $2::bigint) and tx < edge.horizon
      order by tx, id
      limit $3
    ) as e on true
    ${join}
    order by e.tx, e.id`,
});

const readTail = tailWith("read_tail", "null, null, null", "");

// The facts are joined, not copied into each event: this costs one look-up by primary key for each event
// read, and nothing for each event written.
const readTailWithFacts = tailWith(
  "read_tail_with_facts",
  factColumns,
  "left join messages as m on m.id = e.message_id",
);

type TailRow = [...event: FeedRow, horizon: string, unsettled: Flag, erasedTx: string];

export interface Tail {
  /** Settled events after the position, in log order. */
  events: FeedEvent[];
  /** Everything up to here has been read. */
  position: Position;
  /** Committed events wait behind an older transaction that is still open. */
  unsettled: boolean;
  /** There is more to read at once. */
  more: boolean;
  /** Earlier copies of events up to this transaction may have words that were erased since (see `noteErasure`). */
  erasedTx: bigint;
}

interface TailOptions {
  limit: number;
  facts: boolean;
}

/**
 * At most `limit` settled events after `after`: nothing can appear before them any more. Facts of their
 * messages only with `facts`.
 */
export async function readTailAfter(
  database: Queryable,
  after: Position,
  options: TailOptions,
): Promise<Tail> {
  const { rows, ...tail } = await readTailRows(database, after, options);
  return { events: toFeedEvents(rows), ...tail };
}

/** The same, for those who pass the rows on as they are. */
export async function readTailRows(
  database: Queryable,
  after: Position,
  { limit, facts }: TailOptions,
): Promise<Omit<Tail, "events"> & { rows: readonly FeedRow[] }> {
  const statement = facts ? readTailWithFacts : readTail;
  const read = await database.query<TailRow>(statement, [after.tx, after.id, limit]);
  const [horizon, unsettled, erasedTx] = (read[0]?.slice(-3) ?? ["0", "f", "0"]) as [string, Flag, string];
  const rows = read
    .filter((row) => row[0] !== null)
    .map((row) => row.slice(0, feedColumnCount) as unknown as FeedRow);
  const last = rows.at(-1);
  const more = rows.length === limit;
  const reached = more && last ? { tx: BigInt(last[1]), id: BigInt(last[0]) } : behind(BigInt(horizon) - 1n);
  const position = latest(reached, after);
  return { rows, position, unsettled: unsettled === "t", more, erasedTx: BigInt(erasedTx) };
}

const readHorizon: Statement = {
  name: "read_horizon",
  text: "select pg_snapshot_xmin(pg_current_snapshot())::text as horizon",
};

/** The position after everything that is settled now. */
export async function readEnd(database: Queryable): Promise<Position> {
  const [row] = await database.query<{ horizon: string }>(readHorizon, []);
  return behind(BigInt(row?.horizon ?? "1") - 1n);
}

/** Each restriction of a filter, in SQL. */
const conditions = {
  messageIds: (value: string) => `e.message_id = any (${value}::uuid[])`,
  campaignId: (value: string) => `m.campaign_id = ${value}::uuid`,
  providerId: (value: string) => `e.provider_id = ${value}::uuid`,
  statuses: (value: string) => `e.status = any (${value}::message_status[])`,
  clientRefPrefix: (value: string) => `starts_with(m.client_ref, ${value})`,
  countries: (value: string) => `m.country = any (${value}::text[])`,
} satisfies Record<Exclude<keyof EventFilter, "accountId">, (value: string) => string>;

type Restriction = keyof typeof conditions;
const restrictions = Object.keys(conditions) as Restriction[];

type PageRow = [...event: EventRow, expired: Flag];

const pages = new Map<string, Statement>();

/**
 * One statement for each set of restrictions, with its limit inside. With one statement for all of them,
 * PostgreSQL could not know which restrictions apply, and would sort the whole log for each page. The floor
 * is read in the same snapshot as the page, so a page with deleted events cannot pass as a complete one.
 */
function readPage(used: readonly Restriction[], limit: number): Statement {
  const name = `read_event_page_${limit}_${used.map((key) => restrictions.indexOf(key)).join("_")}`;
  const known = pages.get(name);
  if (known) return known;
  // Joined only where needed: the join is half of what a page costs.
  const asksMessages = used.some(
    (key) => key === "campaignId" || key === "clientRefPrefix" || key === "countries",
  );
  const wanted = used.map((key, index) => `and ${conditions[key](`$${index + 6}`)}`);
  if (!used.includes("statuses")) wanted.push("and e.status <> 'RECEIVED'");
  const text = `
    select e.*, f.tx > $1::bigint or (f.tx = $1::bigint and f.event_id > $2::bigint)
    from event_log_floor as f
    left join lateral (
      select ${eventColumns}
      from message_events as e
      ${asksMessages ? "join messages as m on m.id = e.message_id" : ""}
      where (e.tx, e.id) > ($1::bigint, $2::bigint) and (e.tx, e.id) <= ($3::bigint, $4::bigint)
        and e.account_id = $5 ${wanted.join(" ")}
      order by e.tx, e.id
      limit ${limit}
    ) as e on true
    order by e.tx, e.id`;
  const statement: Statement = { name, text, raw: true };
  pages.set(name, statement);
  return statement;
}

const readFloor: Statement = {
  name: "read_event_log_floor",
  text: `select tx, event_id as id, erased_tx as "erasedTx" from event_log_floor`,
};

/** The position up to which events have been deleted. */
interface LogFloor extends Position {
  /** As in `Tail`. */
  erasedTx: bigint;
}

export async function readLogFloor(database: Queryable): Promise<LogFloor> {
  const [floor] = await database.query<{ tx: string; id: string; erasedTx: string }>(readFloor, []);
  return { tx: BigInt(floor?.tx ?? 0), id: BigInt(floor?.id ?? 0), erasedTx: BigInt(floor?.erasedTx ?? 0) };
}

/** The log has been cleared beyond the position that was to be read from. */
export interface Expired {
  kind: "expired";
}

/** Matching events after `after` and up to `until`, both settled, in log order. */
export async function readEvents(
  database: Queryable,
  range: { after: Position; until: Position },
  filter: EventFilter,
  limit: number,
): Promise<{ kind: "events"; events: LoggedEvent[] } | Expired> {
  const { after, until } = range;
  const used = restrictions.filter((key) => filter[key] !== undefined);
  const values = [
    after.tx,
    after.id,
    until.tx,
    until.id,
    filter.accountId,
    ...used.map((key) => filter[key]),
  ];
  const rows = await database.query<PageRow>(readPage(used, limit), values);
  if (rows[0]?.at(-1) !== "f") return { kind: "expired" };
  return { kind: "events", events: toEvents(rows.filter((row) => row[0] !== null)) };
}
