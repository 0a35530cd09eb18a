import { randomUUIDv7 } from "node:crypto";
import { recordAudit } from "../../audit/record.ts";
import { columns } from "../../database/columns.ts";
import type { Queryable, Statement } from "../../database/database.ts";
import { networkKey } from "./networks.ts";
import { rateChannel, type KnownRate } from "./rate-book.ts";
import { placePrice } from "./rate-history.ts";

type RateSource = "FETCHED" | "SET" | "IMPORTED";

/** A rate to store, with codes in their usual form. */
export type NewRate = Omit<KnownRate, "id" | "providerId">;

/** The provider whose rates are written, and where they come from. */
export interface RateOwner {
  accountId: string;
  providerId: string;
  source: RateSource;
}

/** Counts of what writing rates changed. */
export interface RateChanges {
  /** New prices; each gets its own row. */
  added: number;
  /** Known prices that now end at another time, mostly because a new price follows. */
  ended: number;
  /** Prices that were already known. */
  unchanged: number;
}

interface StoredRate extends NewRate {
  id: string;
  isNew: boolean;
}

const lock: Statement = {
  name: "lock_rates",
  text: "select pg_advisory_xact_lock(hashtext('smsgraph rates'), hashtext($1))",
};

const readHistory: Statement = {
  name: "read_rate_history",
  text: `
    select id, mcc, mnc, country, price::text, currency, valid_from as "validFrom", valid_until as "validUntil",
      false as "isNew"
    from rates
    where provider_id = $1 and mcc = any ($2) and (valid_until is null or valid_until > $3)`,
};

const end: Statement = {
  name: "end_rates",
  text: `
    update rates as r
    set valid_until = e.valid_until
    from unnest($1::uuid[], $2::timestamptz[]) as e (id, valid_until)
    where r.id = e.id`,
};

const rateColumns = columns({
  id: "uuid",
  mcc: "text",
  mnc: "text",
  country: "text",
  price: "numeric",
  currency: "text",
  validFrom: "timestamptz",
  validUntil: "timestamptz",
});

const insert: Statement = {
  name: "insert_rates",
  text: `
    insert into rates (account_id, provider_id, source, ${rateColumns.names})
    select $2, $3, $4::rate_source, ${rateColumns.selected}
    from json_to_recordset($1) as r (${rateColumns.record})`,
};

const announce: Statement = { name: "announce_rates", text: `select pg_notify('${rateChannel}', '')` };

/** Each network has a history. A whole country code has one history for each country that uses it. */
export const historyKey = (rate: Pick<NewRate, "mcc" | "mnc" | "country">): string =>
  rate.mnc === null ? `${rate.mcc} ${rate.country ?? ""}` : networkKey(rate);

/**
 * Writes rates into the history of a provider, in the caller's transaction. Takes four statements, however
 * many rates there are. One writer at a time for each provider.
 */
export async function writeRates(
  transaction: Queryable,
  owner: RateOwner,
  rates: readonly NewRate[],
  now: Date,
): Promise<RateChanges> {
  if (rates.length === 0) return { added: 0, ended: 0, unchanged: 0 };
  await transaction.query(lock, [owner.providerId]);
  const histories = await readHistories(transaction, owner.providerId, rates);
  const ended = new Map<string, Date | null>();
  const endedRates: NewRate[] = [];
  let unchanged = 0;
  // Ordered by time, so that a file may contain a whole history.
  for (const rate of rates.toSorted((one, other) => one.validFrom.getTime() - other.validFrom.getTime())) {
    const key = historyKey(rate);
    const history = histories.get(key) ?? [];
    const wanted = owner.source === "FETCHED" ? notBackdated(history, rate, now) : rate;
    const placement = placePrice(history, wanted);
    for (const { period, validUntil } of placement.ended) {
      if (!period.isNew && !ended.has(period.id)) endedRates.push({ ...period });
      period.validUntil = validUntil;
      if (!period.isNew) ended.set(period.id, validUntil);
    }
    const { added } = placement;
    if (added) histories.set(key, [...history, { ...rate, ...added, id: randomUUIDv7(), isNew: true }]);
    else if (placement.ended.length === 0) unchanged++;
  }
  const added = [...histories.values()].flat().filter(({ isNew }) => isNew);
  await save(transaction, owner, { added, ended });
  if (added.length + ended.size > 0) await audit(transaction, owner, { before: endedRates, after: added });
  return { added: added.length, ended: ended.size, unchanged };
}

/** The most rates of a list that its entry in the audit log repeats. */
const mostAudited = 100;

/** Rates that a provider told us are nobody's change. */
async function audit(
  transaction: Queryable,
  { accountId, providerId, source }: RateOwner,
  { before, after }: { before: readonly NewRate[]; after: readonly NewRate[] },
): Promise<void> {
  if (source === "FETCHED") return;
  const listed = (rates: readonly NewRate[]) => ({
    count: rates.length,
    rates: rates
      .slice(0, mostAudited)
      .map(({ mcc, mnc, country, price, currency, validFrom, validUntil }) => {
        return { mcc, mnc, country, price, currency, validFrom, validUntil };
      }),
  });
  await recordAudit(transaction, {
    accountId,
    action: source === "SET" ? "RATES_SET" : "RATES_IMPORTED",
    target: { type: "Provider", id: providerId },
    before: listed(before),
    after: listed(after),
  });
}

/**
 * A provider that changes a price may report it with an old date. Messages were already accepted at the known
 * price, so the new one applies from now on. People who correct a price choose the date themselves.
 */
function notBackdated(history: readonly StoredRate[], rate: NewRate, now: Date): NewRate {
  const isKnown = history.some(
    ({ validFrom, validUntil }) => validFrom <= now && (validUntil === null || validUntil > rate.validFrom),
  );
  return isKnown && rate.validFrom < now ? { ...rate, validFrom: now } : rate;
}

async function readHistories(
  transaction: Queryable,
  providerId: string,
  rates: readonly NewRate[],
): Promise<Map<string, StoredRate[]>> {
  const mccs = [...new Set(rates.map(({ mcc }) => mcc))];
  const earliest = rates.reduce((first, { validFrom }) => Math.min(first, validFrom.getTime()), Infinity);
  const rows = await transaction.query<StoredRate>(readHistory, [providerId, mccs, new Date(earliest)]);
  return Map.groupBy(rows, historyKey);
}

async function save(
  transaction: Queryable,
  { accountId, providerId, source }: RateOwner,
  { added, ended }: { added: StoredRate[]; ended: ReadonlyMap<string, Date | null> },
): Promise<void> {
  if (ended.size > 0) await transaction.query(end, [[...ended.keys()], [...ended.values()]]);
  if (added.length > 0)
    await transaction.query(insert, [JSON.stringify(added), accountId, providerId, source]);
  if (ended.size + added.length > 0) await transaction.query(announce, []);
}

const endFetched: Statement = {
  name: "end_fetched_rates",
  text: `
    update rates as r
    set valid_until = $4
    from unnest($2::text[], $3::text[]) as gone (mcc, mnc)
    where r.provider_id = $1 and r.source = 'FETCHED' and r.mcc = gone.mcc
      and r.mnc::int is not distinct from gone.mnc::int
      and r.valid_from < $4 and (r.valid_until is null or r.valid_until > $4)
    returning r.id`,
};

/** Ends the rates that a provider reported before and no longer has. Rates set by hand stay. */
export async function endRates(
  transaction: Queryable,
  providerId: string,
  networks: readonly Pick<NewRate, "mcc" | "mnc">[],
  now: Date,
): Promise<number> {
  if (networks.length === 0) return 0;
  const [mccs, mncs] = [networks.map(({ mcc }) => mcc), networks.map(({ mnc }) => mnc)];
  const ended = await transaction.query<{ id: string }>(endFetched, [providerId, mccs, mncs, now]);
  if (ended.length > 0) await transaction.query(announce, []);
  return ended.length;
}
