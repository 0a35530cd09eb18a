import type { Database, Statement } from "../../database/database.ts";
import { retentionTime } from "../../database/retention-clock.ts";
import { dayRows, kept, minuteRows, quarterRows } from "./spans.ts";

const batchSize = 5_000;

/** Only one process folds at a time: two would wait for each other's sums. */
const turn = "select pg_try_advisory_xact_lock(hashtext('smsgraph statistics')) as mine";

/** A minute in every span: the sums of a minute, of its quarter of an hour, and of its day. */
const spansOfMinute = `
  (values (${minuteRows}), (${quarterRows}), (${dayRows})) as spans (span)`;

const startOf = "date_bin(spans.span * interval '1 second', minute, 'epoch')";

interface Sums {
  name: string;
  deltas: string;
  /** The tables are named where they are written. */
  take: string;
  add: string;
  keys: string;
  value: string;
}

const fold = ({ name, deltas, take, add, keys, value }: Sums): Statement => ({
  name,
  text: `
    with turn as materialized (${turn}), taken as (
      ${take}
      where (select mine from turn) and id = any (array(select id from ${deltas} order by id limit ${batchSize}))
      returning *
    ), folded as (
      ${add} as s (account_id, span, start, ${keys}, ${value})
      select account_id, span, ${startOf}, ${keys}, sum(${value})
      from taken, ${spansOfMinute}
      group by account_id, span, ${startOf}, ${keys}
      on conflict (account_id, span, start, ${keys}) do update set ${value} = s.${value} + excluded.${value}
    )
    select count(*)::int as count from taken`,
});

const folds = [
  fold({
    name: "fold_moves",
    deltas: "move_deltas",
    take: "delete from move_deltas",
    add: "insert into move_sums",
    keys: "provider_id, country, from_status, to_status, lag",
    value: "count",
  }),
  fold({
    name: "fold_charges",
    deltas: "charge_deltas",
    take: "delete from charge_deltas",
    add: "insert into charge_sums",
    keys: "provider_id, country, currency",
    value: "amount",
  }),
];

/** Adds what transactions have recorded to the sums. */
export async function foldStatistics(database: Database): Promise<void> {
  for (const statement of folds) {
    let count: number;
    do {
      const [row] = await database.query<{ count: number }>(statement, []);
      count = row?.count ?? 0;
    } while (count === batchSize);
  }
}

const fineAndOld = `
    using accounts as a, (values
      (${minuteRows}, interval '${kept.minuteDays} days'), (${quarterRows}, interval '${kept.quarterDays} days')
    ) as old (span, age)
    where s.account_id = a.id and s.span = old.span and s.start < ${retentionTime} - old.age`;

const forgets: readonly Statement[] = [
  { name: "forget_fine_moves", text: `delete from move_sums as s ${fineAndOld}` },
  { name: "forget_fine_charges", text: `delete from charge_sums as s ${fineAndOld}` },
];

/** Deletes the fine sums that are past their time; the days contain them, and stay. */
export async function forgetStatistics(database: Database): Promise<void> {
  for (const statement of forgets) await database.query(statement, []);
}
