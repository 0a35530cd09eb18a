import type { Database, Statement } from "../../database/database.ts";
import type { DecimalText } from "../../lib/money.ts";

export interface KnownRate {
  mcc: string;
  mnc: string | null;
  /** ISO 3166-1 alpha-2. */
  country: string | null;
  price: DecimalText;
  currency: string;
  validFrom: Date;
  validUntil: Date | null;
}

const find: Statement = {
  name: "find_compat_rates",
  text: `
    select r.mcc, r.mnc, r.country, trim_scale(r.price)::text as price, r.currency, r.valid_from as "validFrom",
      r.valid_until as "validUntil"
    from rates as r
    join providers as p on p.id = r.provider_id
    where r.account_id = $1 and r.mcc = $2 and ($3::int is null or r.mnc is null or r.mnc::int = $3)
      and r.valid_from <= $4 and (r.valid_until is null or r.valid_until > $4)
      and p.enabled and p.disconnected_at is null
    order by r.mnc is null, r.price, p.priority, r.id
    limit 1`,
};

/** The lowest rate to a network that one of the account's providers has; that of the country where none names the network. */
export async function findRate(
  database: Database,
  accountId: string,
  { mcc, mnc }: { mcc: string; mnc: number | undefined },
  now: Date,
): Promise<KnownRate | undefined> {
  return (await database.query<KnownRate>(find, [accountId, mcc, mnc ?? null, now]))[0];
}
