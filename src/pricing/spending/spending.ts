import type { Clock } from "../../lib/clock.ts";
import type { Database, Queryable, Statement } from "../../database/database.ts";
import { add } from "../../lib/money.ts";
import { limitsOf, type LimitColumns } from "./limit-columns.ts";
import { SpendingLedger, type Spend, type Spent } from "./ledger.ts";
import { settleSpending } from "./settle.ts";

const lock: Statement = {
  name: "lock_spending_limits",
  text: `
    select account_id as "accountId", allowed_countries as "allowedCountries",
      allows_all_countries as "allowsAllCountries", caps, allow_uncounted as "allowUncounted",
      is_settled as "isSettled"
    from spending_limits
    where account_id = any ($1::uuid[]) and jsonb_array_length(caps) > 0
    order by account_id
    for no key update`,
};

const read: Statement = {
  name: "read_spending",
  text: `
    select account_id as "accountId", country, currency, coalesce(sum(amount) filter (where day = $2::date), 0)::text as day,
      sum(amount)::text as month
    from spending
    where account_id = any ($1::uuid[]) and day between date_trunc('month', $2::date) and $2::date
    group by account_id, country, currency`,
};

const count: Statement = {
  name: "count_spending",
  text: `
    insert into spending (account_id, day, country, currency, amount)
    select "accountId", $2::date, country, currency, amount
    from json_to_recordset($1) as s ("accountId" uuid, country text, currency text, amount numeric)
    order by "accountId", country, currency
    on conflict (account_id, day, country, currency) do update set amount = spending.amount + excluded.amount`,
};

/** One spend of an account. */
export interface AccountSpend extends Spend {
  accountId: string;
}

const dayOf = (time: Date): string => time.toISOString().slice(0, 10);

/**
 * Tracks what accounts with caps have spent. To store messages, open the ledgers in the same transaction: it
 * locks the accounts' limits, so that two transactions cannot use the same room. One row is locked for a
 * whole batch.
 */
export class Spending {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /**
   * Runs `work` in a transaction, with the ledgers of the accounts that have caps. `work` stores what the
   * ledgers accept and returns the spends it stored; these are then counted.
   */
  async within<Result>(
    accountIds: readonly string[],
    work: (
      transaction: Queryable,
      ledgers: ReadonlyMap<string, SpendingLedger>,
    ) => Promise<{ spends: readonly AccountSpend[]; result: Result }>,
  ): Promise<Result> {
    for (;;) {
      const done = await this.#database.transaction(async (transaction) => {
        const ledgers = await this.#open(transaction, accountIds);
        if ("unsettled" in ledgers) return ledgers;
        const { spends, result } = await work(transaction, ledgers.opened);
        await this.#count(
          transaction,
          spends.filter(({ accountId }) => ledgers.opened.has(accountId)),
        );
        return { result };
      });
      if ("result" in done) return done.result;
      for (const accountId of done.unsettled) await settleSpending(this.#database, accountId, this.#clock);
    }
  }

  /**
   * Counts what was accepted before there were caps, if that is still to do. Usually costs one short
   * statement.
   */
  async settle(accountId: string): Promise<void> {
    await settleSpending(this.#database, accountId, this.#clock);
  }

  /** Reads what has been spent, for display. */
  async read(accountId: string): Promise<Spent[]> {
    return this.#database.query<Spent>(read, [[accountId], dayOf(this.#clock.now())]);
  }

  async #open(
    transaction: Queryable,
    accountIds: readonly string[],
  ): Promise<{ opened: Map<string, SpendingLedger> } | { unsettled: string[] }> {
    const rows = await transaction.query<LimitColumns & { accountId: string; isSettled: boolean }>(lock, [
      [...new Set(accountIds)],
    ]);
    const unsettled = rows.filter(({ isSettled }) => !isSettled).map(({ accountId }) => accountId);
    if (unsettled.length > 0) return { unsettled };
    if (rows.length === 0) return { opened: new Map() };
    const ids = rows.map(({ accountId }) => accountId);
    const today = dayOf(this.#clock.now());
    const spent = await transaction.query<Spent & { accountId: string }>(read, [ids, today]);
    const byAccount = Map.groupBy(spent, ({ accountId }) => accountId);
    return {
      opened: new Map(
        rows.map((row) => [
          row.accountId,
          new SpendingLedger(limitsOf(row), byAccount.get(row.accountId) ?? []),
        ]),
      ),
    };
  }

  async #count(transaction: Queryable, spends: readonly AccountSpend[]): Promise<void> {
    const sums = new Map<string, { accountId: string; country: string; currency: string; amount: string }>();
    for (const { accountId, country, currency, amount } of spends) {
      if (amount === null || currency === null) continue;
      const key = `${accountId} ${country ?? ""} ${currency}`;
      const known = sums.get(key)?.amount ?? "0";
      sums.set(key, { accountId, country: country ?? "", currency, amount: add(known, amount) });
    }
    if (sums.size === 0) return;
    await transaction.query(count, [JSON.stringify([...sums.values()]), dayOf(this.#clock.now())]);
  }
}
