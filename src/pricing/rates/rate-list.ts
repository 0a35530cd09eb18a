import type { Database, Statement } from "../../database/database.ts";
import { mccsOf, type Network } from "./networks.ts";

/** Which rates to list; absent fields do not restrict. */
export interface RateFilter {
  accountId: string;
  providerId?: string | undefined;
  /** ISO 3166-1 alpha-2. */
  country?: string | undefined;
  network?: Network | undefined;
  /** Only rates that apply at this time. */
  validAt?: Date | undefined;
}

/** Position of a rate in the list: ordered by network, newest first. */
export interface RateKey {
  mcc: string;
  /** Empty for a whole country code, which comes first. */
  mnc: string;
  validFrom: Date;
  id: string;
}

interface RateRange {
  after: RateKey | undefined;
  before: RateKey | undefined;
  limit: number;
  /** Read from the end backwards. */
  inverted: boolean;
}

const position = "(mcc, coalesce(mnc, ''), -extract(epoch from valid_from), id)";
const positionFrom = (first: number): string =>
  `($${first}, $${first + 1}, -extract(epoch from $${first + 2}::timestamptz), $${first + 3}::uuid)`;

const listIn = (name: string, order: "asc" | "desc"): Statement => ({
  name,
  text: `
    select id, mcc, coalesce(mnc, '') as mnc, valid_from as "validFrom"
    from rates
    where account_id = $1 and ($2::uuid is null or provider_id = $2)
      and ($3::text is null or country = $3 or (country is null and mcc = any ($4::text[])))
      and ($5::text is null or mcc = $5) and ($6::int is null or mnc::int = $6)
      and ($7::timestamptz is null or (valid_from <= $7 and (valid_until is null or valid_until > $7)))
      and ($8::text is null or ${position} > ${positionFrom(8)})
      and ($12::text is null or ${position} < ${positionFrom(12)})
    order by mcc ${order}, coalesce(mnc, '') ${order}, -extract(epoch from valid_from) ${order}, id ${order}
    limit $16`,
});

const list = listIn("list_rates", "asc");
const listBack = listIn("list_rates_back", "desc");

const columnsOf = (key: RateKey | undefined): unknown[] =>
  key ? [key.mcc, key.mnc, key.validFrom, key.id] : [null, null, null, null];

/** Reads a page of the rates of an account, history included. */
export function listRates(
  database: Database,
  { accountId, providerId, country, network, validAt }: RateFilter,
  { after, before, limit, inverted }: RateRange,
): Promise<RateKey[]> {
  const { mcc, mnc } = network ?? { mcc: null, mnc: null };
  const shared = country === undefined ? [] : mccsOf(country);
  const wanted = [
    accountId,
    providerId ?? null,
    country ?? null,
    shared,
    mcc,
    mnc === null ? null : Number(mnc),
  ];
  return database.query<RateKey>(inverted ? listBack : list, [
    ...wanted,
    validAt ?? null,
    ...columnsOf(after),
    ...columnsOf(before),
    limit,
  ]);
}
