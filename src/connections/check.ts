import { randomUUIDv7 } from "node:crypto";
import type { Clock } from "../lib/clock.ts";
import type { Database, Statement } from "../database/database.ts";
import type { Balance } from "../database/generated/client.ts";
import type { ProviderProblem, ProviderReply } from "../providers/provider.ts";
import { balanceChannel } from "./balance-feed.ts";
import type { Connection } from "./connections.ts";
import { reopenWithCredit } from "../lanes/credit.ts";
import { announceProviderChange } from "../lanes/provider-channel.ts";

/** The result of checking a provider account. */
export interface ProviderCheck {
  reachable: boolean;
  authenticated: boolean;
  latencyMilliseconds: number;
  /** Plain words. */
  detail: string;
}

/** What is needed to fetch, store and announce balances. */
export interface BalanceWatch {
  database: Database;
  clock: Clock;
  /** Called each time a balance falls below its provider's threshold, not while it stays below. */
  onLowBalance?: (provider: Connection["row"], balance: Balance) => void;
}

/**
 * Checks credentials and reachability without sending a message. Also refreshes the balance, where the
 * provider tells it.
 */
export async function checkConnection(watch: BalanceWatch, connection: Connection): Promise<ProviderCheck> {
  const { database, clock } = watch;
  const startedAt = performance.now();
  const reply = await connection.client.check();
  const latencyMilliseconds = Math.round(performance.now() - startedAt);
  if (!reply.ok) {
    await noteProblem(database, connection, reply.problem, clock.now());
    return { ...standing(reply.problem), latencyMilliseconds, detail: reply.problem.detail };
  }
  if (connection.adapter.capabilities.balance) await refreshBalance(watch, connection);
  return { reachable: true, authenticated: true, latencyMilliseconds, detail: reply.value.detail };
}

const standing = ({ kind }: ProviderProblem): Pick<ProviderCheck, "reachable" | "authenticated"> => ({
  reachable: kind !== "unreachable",
  authenticated: kind !== "unreachable" && kind !== "unauthenticated",
});

/** Asks for the balance, stores it and announces it. */
export async function refreshBalance(
  { database, clock, onLowBalance }: BalanceWatch,
  connection: Connection,
): Promise<ProviderReply<Balance>> {
  const askedAt = clock.now();
  const reply = await connection.client.balance();
  const now = clock.now();
  if (!reply.ok) {
    await noteProblem(database, connection, reply.problem, now);
    return reply;
  }
  const { amount, currency, units, creditLimit, providerUpdatedAt } = reply.value;
  const { id: providerId, accountId } = connection.row;
  const said = { amount, currency, units, creditLimit, providerUpdatedAt };
  const { prisma } = database;
  const balance = amount ?? units ?? "0";
  const [{ is_low: isLow, crossed } = { is_low: false, crossed: false }] = await database.query<Lowness>(
    noteLow,
    [providerId, balance, now],
  );
  const [value] = await prisma.$transaction([
    prisma.balance.create({
      data: { id: randomUUIDv7(), accountId, providerId, ...said, isLow, fetchedAt: now },
    }),
    prisma.provider.update({ where: { id: providerId }, data: { currency: currency ?? null } }),
    prisma.$executeRaw`select pg_notify(${balanceChannel}, '')`,
  ]);
  if (crossed) onLowBalance?.(connection.row, value);
  await reopenWithCredit(database, providerId, balance, askedAt);
  return { ok: true, value };
}

interface Lowness {
  is_low: boolean;
  /** True for the first balance below the threshold. */
  crossed: boolean;
}

const noteLow: Statement = {
  name: "note_low_balance",
  text: `
    with before as (
      select id, balance_low_since, low_balance is not null and $2 < low_balance as is_low
      from providers
      where id = $1
      for no key update
    )
    update providers as p
    set balance_low_since = case when before.is_low then coalesce(before.balance_low_since, $3) end
    from before
    where p.id = before.id
    returning before.is_low, before.is_low and before.balance_low_since is null as crossed`,
};

/** Stores a problem as the provider's last error. */
export async function noteProblem(
  database: Database,
  { row }: Connection,
  { detail }: ProviderProblem,
  now: Date,
): Promise<void> {
  await database.prisma.provider.update({
    where: { id: row.id },
    data: { lastError: detail, lastErrorAt: now },
  });
  await announceProviderChange(database);
}
