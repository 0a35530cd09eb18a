import { execute, type Queryable, type Statement } from "../../database/database.ts";
import { add, compare, type DecimalText } from "../../lib/money.ts";
import { minUuid } from "../../lib/uuid.ts";
import type { MessageStatus } from "../model/status.ts";

/** A message that moved from one status to another, or that was accepted: then both are the same. */
export interface Move {
  accountId: string;
  providerId: string | null;
  country: string | null;
  at: Date;
  from: MessageStatus;
  to: MessageStatus;
  /** The class of the receipt's lag; 0 without one. */
  lag: number;
}

/** By how much the charge for a message has changed. */
export interface ChargeChange {
  accountId: string;
  providerId: string | null;
  country: string | null;
  at: Date;
  currency: string | null;
  amount: DecimalText;
}

/** What stands for a provider that there is not. */
export const noProvider = minUuid;

/** SQL expressions for the moves in the rows of `rows`, all of which are counted. */
interface MovesInSql {
  rows: string;
  account: string;
  provider: string;
  country: string;
  at: string;
  from: string;
  to: string;
}

/**
 * SQL that records the moves of a statement: one row for each combination, and no row of another transaction
 * is touched. The sums of these rows are exact in every snapshot.
 */
export const addMovesInSql = ({ rows, account, provider, country, at, from, to }: MovesInSql): string => `
    insert into move_deltas (account_id, provider_id, country, minute, from_status, to_status, count)
    select ${account}, coalesce(${provider}, '${noProvider}'), coalesce(${country}, ''),
      date_trunc('minute', ${at}), ${from}, ${to}, count(*)
    from ${rows}
    group by 1, 2, 3, 4, 5, 6`;

const insertMoves: Statement = {
  name: "add_moves",
  text: `
    insert into move_deltas (account_id, provider_id, country, minute, from_status, to_status, lag, count)
    select *
    from unnest(
      $1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::message_status[], $6::message_status[],
      $7::smallint[], $8::int[]
    )`,
};

const insertCharges: Statement = {
  name: "add_charges",
  text: `
    insert into charge_deltas (account_id, provider_id, country, minute, currency, amount)
    select *
    from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::numeric[])`,
};

/** Records moves and changed charges in the caller's transaction, one row for each combination. */
export async function addStatistics(
  transaction: Queryable,
  moves: readonly Move[],
  charges: readonly ChargeChange[],
): Promise<void> {
  if (moves.length > 0) {
    const groups = grouped(moves, ({ from, to, lag }) => `${from} ${to} ${lag}`);
    await execute(transaction, insertMoves, [
      ...keysOf(groups),
      groups.map(([{ from }]) => from),
      groups.map(([{ to }]) => to),
      groups.map(([{ lag }]) => lag),
      groups.map(({ length }) => length),
    ]);
  }
  const changed = grouped(charges, ({ currency }) => currency ?? "")
    .map((group) => ({ group, amount: group.map(({ amount }) => amount).reduce(add) }))
    .filter(({ amount }) => compare(amount, "0") !== 0);
  if (changed.length > 0) {
    await execute(transaction, insertCharges, [
      ...keysOf(changed.map(({ group }) => group)),
      changed.map(({ group: [{ currency }] }) => currency ?? ""),
      changed.map(({ amount }) => amount),
    ]);
  }
}

type Group<Row> = readonly [Row, ...Row[]];

/** Here and not in SQL, which would take a row for each change: most changes of a batch are alike. */
function grouped<Row extends Move | ChargeChange>(
  rows: readonly Row[],
  more: (row: Row) => string,
): Group<Row>[] {
  const keyOf = (row: Row): string =>
    `${row.accountId} ${row.providerId} ${row.country} ${minuteOf(row.at).getTime()} ${more(row)}`;
  return [...Map.groupBy(rows, keyOf).values()] as unknown as Group<Row>[];
}

const minuteMs = 60_000;
const minuteOf = (at: Date): Date => new Date(Math.floor(at.getTime() / minuteMs) * minuteMs);

const keysOf = (groups: readonly Group<Move | ChargeChange>[]): unknown[] => [
  groups.map(([{ accountId }]) => accountId),
  groups.map(([{ providerId }]) => providerId ?? noProvider),
  groups.map(([{ country }]) => country ?? ""),
  groups.map(([{ at }]) => minuteOf(at)),
];
