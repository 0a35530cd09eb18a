import { randomUUIDv7 } from "node:crypto";
import type { Database, Statement } from "../database/database.ts";
import type { Balance } from "../database/generated/client.ts";
import { reopenWithCredit } from "../lanes/credit.ts";
import type { Clock } from "../lib/clock.ts";
import type { DecimalText } from "../lib/money.ts";
import type { BalanceReading, ProviderReply } from "../providers/provider.ts";
import { balanceChannel } from "./balance-feed.ts";
import type { Connection } from "./connections.ts";
import { noteProblem } from "./note-problem.ts";

/** What is needed to fetch, store and announce balances. */
export interface BalanceWatch {
  database: Database;
  clock: Clock;
  /** Called each time a balance falls below its provider's threshold, not while it stays below. */
  onLowBalance?: (provider: Connection["row"], balance: Balance) => void;
}

/** Asks for the balance, stores it and announces it. */
export async function refreshBalance(
  { database, clock, onLowBalance }: BalanceWatch,
  connection: Connection,
): Promise<ProviderReply<Balance>> {
  const askedAt = clock.now();
  const reply = await connection.client.balance();
  if (!reply.ok) {
    await noteProblem(database, connection, reply.problem, clock.now());
    return reply;
  }
  const { balance, crossed } = await store(database, connection, reply.value, clock.now());
  if (crossed) onLowBalance?.(connection.row, balance);
  await reopenWithCredit(database, connection.row.id, creditIn(reply.value), askedAt);
  return { ok: true, value: balance };
}

/** What is left to send with, in money or in units. */
const creditIn = ({ amount, units }: BalanceReading): DecimalText => amount ?? units ?? "0";

/** Stores and announces a balance. `crossed`: it is the first one below the provider's threshold. */
async function store(
  database: Database,
  { row: { id: providerId, accountId } }: Connection,
  reading: BalanceReading,
  fetchedAt: Date,
): Promise<{ balance: Balance; crossed: boolean }> {
  const { prisma } = database;
  const { amount, currency, units, creditLimit, providerUpdatedAt } = reading;
  const values = [providerId, creditIn(reading), fetchedAt];
  const [lowness] = await database.query<Lowness>(noteLow, values);
  const { isLow, crossed } = lowness ?? { isLow: false, crossed: false };
  const data = {
    accountId,
    providerId,
    amount,
    currency,
    units,
    creditLimit,
    providerUpdatedAt,
    isLow,
    fetchedAt,
  };
  const [balance] = await prisma.$transaction([
    prisma.balance.create({ data: { id: randomUUIDv7(), ...data } }),
    prisma.provider.update({ where: { id: providerId }, data: { currency: currency ?? null } }),
    prisma.$executeRaw`select pg_notify(${balanceChannel}, '')`,
  ]);
  return { balance, crossed };
}

interface Lowness {
  isLow: boolean;
  /** True for the first balance below the threshold. */
  crossed: boolean;
}

/** SQL: whether the balance `$2` is below the provider's threshold. */
const belowThreshold = "(low_balance is not null and $2::numeric < low_balance)";

// Written only when it changes, and never read under a lock first: many at once would lock each other out.
const noteLow: Statement = {
  name: "note_low_balance",
  text: `
    with changed as (
      update providers
      set balance_low_since = case when balance_low_since is null then $3::timestamptz end
      where id = $1 and ${belowThreshold} = (balance_low_since is null)
      returning 1
    )
    select ${belowThreshold} as "isLow", ${belowThreshold} and exists (select from changed) as crossed
    from providers where id = $1`,
};
