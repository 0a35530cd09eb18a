import { recordAudit } from "../../audit/record.ts";
import type { Database, Statement } from "../../database/database.ts";
import type { Clock } from "../../lib/clock.ts";
import { InvalidInputError } from "../../lib/errors.ts";
import { limitsOf, type LimitColumns } from "./limit-columns.ts";
import { checkCountry } from "../rates/check-country.ts";
import type { Spending } from "./spending.ts";
import { SpendingLedger, type Spent } from "./ledger.ts";
import { type CapPeriod, type SpendingCap, type SpendingLimits, routingChannel } from "./limits.ts";

/** Limits as the caller gives them; absent fields do not restrict. */
interface LimitsInput {
  allowedCountries?: readonly string[] | null | undefined;
  caps?:
    | readonly {
        country?: string | null | undefined;
        period: CapPeriod;
        amount: string;
        currency: string;
      }[]
    | null
    | undefined;
  allowUncounted?: boolean | null | undefined;
}

/** Limits with the amount spent of each cap. */
export interface LimitsNow {
  limits: SpendingLimits;
  used: { cap: SpendingCap; spent: string }[];
}

const maxCaps = 500;

/** Spending is counted from the first cap on, and until the last one is removed. */
const save: Statement = {
  name: "save_spending_limits",
  text: `
    with saved as (
      insert into spending_limits as s (
        account_id, allowed_countries, allows_all_countries, caps, allow_uncounted, updated_at, counted_since_tx, is_settled
      )
      values ($1, $2, $3, $4, $5, $6, pg_current_xact_id()::text::bigint, false)
      on conflict (account_id) do update
      set allowed_countries = excluded.allowed_countries, allows_all_countries = excluded.allows_all_countries,
        caps = excluded.caps, allow_uncounted = excluded.allow_uncounted, updated_at = excluded.updated_at,
        counted_since_tx = case when jsonb_array_length(s.caps) = 0 then excluded.counted_since_tx else s.counted_since_tx end,
        is_settled = s.is_settled and jsonb_array_length(s.caps) > 0
    )
    select pg_notify('${routingChannel}', '')`,
};

const read: Statement = {
  name: "read_spending_limits",
  text: `
    select allowed_countries as "allowedCountries", allows_all_countries as "allowsAllCountries", caps,
      allow_uncounted as "allowUncounted"
    from spending_limits where account_id = $1`,
};

interface LimitSettingsOptions {
  database: Database;
  clock: Clock;
  spending: Spending;
  /** Notified of the change, so that this process routes by it at once. */
  routingTables: { changed(accountId: string): void };
}

/**
 * Replaces the limits of an account. What it sent earlier this month counts too.
 * @throws InvalidInputError
 */
export async function setLimits(
  options: LimitSettingsOptions,
  accountId: string,
  input: LimitsInput,
): Promise<LimitsNow> {
  const { database, routingTables, spending, clock } = options;
  const countries = checkCountries(input.allowedCountries);
  const caps = checkCaps(input.caps ?? []);
  const uncounted = input.allowUncounted ?? false;
  const values = [accountId, countries ?? [], !countries, JSON.stringify(caps), uncounted, clock.now()];
  await database.transaction(async (transaction) => {
    const [row] = await transaction.query<LimitColumns>(read, [accountId]);
    await transaction.query(save, values);
    const { allowedCountries, ...others } = limitsOf(row);
    await recordAudit(transaction, {
      accountId,
      action: "SPENDING_LIMITS_SET",
      before: { allowedCountries: allowedCountries && [...allowedCountries], ...others },
      after: { allowedCountries: countries ?? null, caps, allowUncounted: uncounted },
    });
  });
  routingTables.changed(accountId);
  await spending.settle(accountId);
  return readLimits(options, accountId);
}

/** There are fewer. */
const maxCountries = 300;

function checkCountries(given: LimitsInput["allowedCountries"]): string[] | undefined {
  if ((given?.length ?? 0) > maxCountries)
    throw new InvalidInputError("allowedCountries", `Give at most ${maxCountries} countries, each once.`);
  if (!given) return undefined;
  return [...new Set(given.map((one, index) => checkCountry(one, `allowedCountries.${index}`)))];
}

/** Reads the limits of an account and what has been spent of them. */
export async function readLimits(
  { database, spending }: Pick<LimitSettingsOptions, "database" | "spending">,
  accountId: string,
): Promise<LimitsNow> {
  const [row] = await database.query<LimitColumns>(read, [accountId]);
  const limits = limitsOf(row);
  const spent: Spent[] = limits.caps.length === 0 ? [] : await spending.read(accountId);
  const ledger = new SpendingLedger(limits, spent);
  return { limits, used: limits.caps.map((cap) => ({ cap, spent: ledger.used(cap) })) };
}

function checkCaps(inputs: NonNullable<LimitsInput["caps"]>): SpendingCap[] {
  if (inputs.length > maxCaps) {
    throw new InvalidInputError("caps", `Give at most ${maxCaps} caps, not ${inputs.length}.`);
  }
  const caps = inputs.map(({ country, period, amount, currency }, index) => {
    const field = `caps.${index}`;
    if (!/^[A-Z]{3}$/.test(currency)) {
      const advice = `\`${field}.currency\` must be a currency of three capital letters, such as EUR.`;
      throw new InvalidInputError(`${field}.currency`, advice);
    }
    if (!/^\d{1,15}(\.\d{1,10})?$/.test(amount)) {
      throw new InvalidInputError(`${field}.amount`, `\`${field}.amount\` must be 0 or more, such as 25.50.`);
    }
    return {
      country: country == null ? null : checkCountry(country, `${field}.country`),
      period,
      amount,
      currency,
    };
  });
  for (const [index, cap] of caps.entries()) {
    const isRepeated = caps.slice(0, index).some((one) => isSame(one, cap));
    if (!isRepeated) continue;
    const advice = "is set twice for the same country, period and currency. Leave one out.";
    throw new InvalidInputError(`caps.${index}`, `\`caps.${index}\` ${advice}`);
  }
  return caps;
}

const isSame = (one: SpendingCap, other: SpendingCap): boolean =>
  one.country === other.country && one.period === other.period && one.currency === other.currency;
