import type { Queryable, Statement } from "../../database/database.ts";
import type { Amount } from "../../lib/money.ts";
import type { MessageStatus } from "../model/status.ts";
import { countMoves, type MoveCount, type StatisticsCounts } from "./counts.ts";
import { noProvider } from "./moves.ts";
import { sumByCurrency } from "../../lib/money.ts";

/** What sums are divided by. */
export interface Division {
  provider: boolean;
  country: boolean;
  status: boolean;
}

/** Which sums to read, from checked values. */
export interface StatisticsQuestion {
  accountId: string;
  /** The rows to add up (`spans.ts`); `from` and `until` are at their edges. */
  span: number;
  from: Date;
  until: Date;
  /** Absent: one sum over the whole range. */
  bucket?: "minute" | "hour" | "day" | undefined;
  timeZone: string;
  by: Division;
  providerIds?: readonly string[] | undefined;
  countries?: readonly string[] | undefined;
}

export interface StatisticsRow {
  from: Date;
  until: Date;
  /** Null when not divided by it, or when there was none. */
  providerId: string | null;
  country: string | null;
  status: MessageStatus | null;
  counts: StatisticsCounts;
  /** What providers charged; none when divided by status. */
  costs: Amount[];
}

const bucketStart = "date_trunc($5::text, start, $6::text)";

/** The sums and what has not been added to them yet, read in one snapshot, each with the place it belongs to. */
const placed = (sums: string, deltas: string, values: string, status: string): string => `
  select case when $5::text is null then $3::timestamptz else ${bucketStart} end as "from",
    case
      when $5::text is null then $4::timestamptz
      when $5::text = 'day' then (${bucketStart} at time zone $6::text + interval '1 day') at time zone $6::text
      else ${bucketStart} + ('1 ' || $5::text)::interval
    end as until,
    case when $7::boolean then provider_id end as "providerId", case when $8::boolean then country end as country,
    case when $9::boolean then ${status} end as status, ${values}
  from (
    select start, provider_id, country, ${values} from ${sums}
    where account_id = $1 and span = $2 and start >= $3 and start < $4
    union all
    select minute, provider_id, country, ${values} from ${deltas}
    where account_id = $1 and minute >= $3 and minute < $4
  ) as rows
  where ($10::uuid[] is null or provider_id = any ($10::uuid[]))
    and ($11::text[] is null or country = any ($11::text[]))`;

const place = `"from", until, "providerId", country, status`;

const readMoves: Statement = {
  name: "read_move_sums",
  text: `
    select ${place}, json_agg(json_build_array(from_status, to_status, lag, count)) as sums
    from (
      select ${place}, from_status, to_status, lag, sum(count) as count
      from (${placed("move_sums", "move_deltas", "from_status, to_status, lag, count", "to_status")}) as placed
      group by ${place}, from_status, to_status, lag
    ) as counted
    group by ${place}
    order by ${place}
    limit $12`,
};

const readCharges: Statement = {
  name: "read_charge_sums",
  text: `
    select ${place}, json_agg(json_build_object('currency', currency, 'amount', amount::text)) as sums
    from (
      select ${place}, currency, sum(amount) as amount
      from (${placed("charge_sums", "charge_deltas", "currency, amount", "null::message_status")}) as placed
      group by ${place}, currency
      having sum(amount) <> 0
    ) as charged
    group by ${place}
    order by ${place}
    limit $12`,
};

type Placed<Sum> = Omit<StatisticsRow, "counts" | "costs"> & { sums: Sum[] };

/**
 * Adds up what became of messages, at most `limit` rows, those without anything left out. The counts are exact
 * at the moment of the read.
 */
export async function readStatistics(
  database: Queryable,
  question: StatisticsQuestion,
  limit: number,
): Promise<StatisticsRow[]> {
  const { by } = question;
  const values = valuesOf(question, limit);
  const [moves, charges] = await Promise.all([
    database.query<Placed<MoveCount>>(readMoves, values),
    by.status ? [] : database.query<Placed<Amount>>(readCharges, values),
  ]);
  const rows = new Map<string, StatisticsRow>();
  for (const { sums, ...at } of moves)
    rows.set(keyOf(at), { ...shown(at), counts: countMoves(sums), costs: [] });
  for (const { sums, ...at } of charges) {
    const row = rows.get(keyOf(at)) ?? { ...shown(at), counts: countMoves([]), costs: [] };
    rows.set(keyOf(at), { ...row, costs: sumByCurrency(sums) });
  }
  return [...rows.values()].toSorted((one, other) => one.from.getTime() - other.from.getTime());
}

const valuesOf = (question: StatisticsQuestion, limit: number): unknown[] => {
  const { accountId, span, from, until, bucket, timeZone, by, providerIds, countries } = question;
  return [
    accountId,
    span,
    from,
    until,
    bucket ?? null,
    timeZone,
    by.provider,
    by.country,
    by.status,
    providerIds ?? null,
    countries ?? null,
    limit,
  ];
};

type Place = Omit<StatisticsRow, "counts" | "costs">;

const keyOf = ({ from, providerId, country, status }: Place): string =>
  `${from.getTime()} ${providerId} ${country} ${status}`;

const shown = ({ providerId, country, ...others }: Place): Place => ({
  ...others,
  providerId: providerId === noProvider ? null : providerId,
  country: country === "" ? null : country,
});
