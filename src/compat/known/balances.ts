import type { Database, Statement } from "../../database/database.ts";
import { add, type DecimalText } from "../../lib/money.ts";

interface BalanceRow {
  amount: DecimalText | null;
  currency: string | null;
  units: DecimalText | null;
  creditLimit: DecimalText | null;
  fetchedAt: Date;
}

/** What the account has at its providers. */
export interface KnownBalance {
  /** Of the currency that its first provider has. */
  amount: DecimalText;
  currency: string;
  creditLimit: DecimalText;
  /** Of those that count in units; undefined when none does. */
  units: DecimalText | undefined;
  /** When the oldest of them was read. */
  updatedAt: Date | undefined;
}

const read: Statement = {
  name: "read_compat_balances",
  text: `
    select trim_scale(b.amount)::text as amount, b.currency, trim_scale(b.units)::text as units,
      trim_scale(b.credit_limit)::text as "creditLimit", b.fetched_at as "fetchedAt"
    from providers as p
    cross join lateral (
      select * from balances where provider_id = p.id order by fetched_at desc limit 1
    ) as b
    where p.account_id = $1 and p.enabled and p.disconnected_at is null
    order by p.priority, p.id`,
};

const sum = (values: readonly (DecimalText | null)[]): DecimalText =>
  values.reduce<DecimalText>((total, value) => add(total, value ?? "0"), "0");

/** The sum of the newest balances of the account's providers. Currencies are not converted. */
export async function readBalance(database: Database, accountId: string): Promise<KnownBalance> {
  const rows = await database.query<BalanceRow>(read, [accountId]);
  const currency = rows.find((row) => row.amount !== null)?.currency ?? "EUR";
  const counted = rows.filter((row) => row.amount !== null && row.currency === currency);
  const inUnits = rows.filter((row) => row.units !== null);
  const times = counted.map(({ fetchedAt }) => fetchedAt.getTime());
  return {
    amount: sum(counted.map(({ amount }) => amount)),
    currency,
    creditLimit: sum(counted.map(({ creditLimit }) => creditLimit)),
    units: inUnits.length === 0 ? undefined : sum(inUnits.map(({ units }) => units)),
    updatedAt: times.length === 0 ? undefined : new Date(Math.min(...times)),
  };
}
