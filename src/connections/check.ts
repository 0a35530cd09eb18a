import { randomUUIDv7 } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Database } from "../database/database.ts";
import type { BalanceReading, ProviderProblem } from "../providers/provider.ts";
import type { Connection } from "./connections.ts";

/** What asking a provider for its account's state showed. */
export interface ProviderCheck {
  reachable: boolean;
  authenticated: boolean;
  latencyMilliseconds: number;
  /** Plain words. */
  detail: string;
}

/** Proves credentials and reachability without sending, and keeps the balance the provider tells on the way. */
export async function checkConnection(
  { database, clock }: { database: Database; clock: Clock },
  connection: Connection,
): Promise<ProviderCheck> {
  const startedAt = performance.now();
  const reply = await connection.client.check();
  const latencyMilliseconds = Math.round(performance.now() - startedAt);
  if (!reply.ok) {
    await noteProblem(database, connection, reply.problem, clock.now());
    return { ...standing(reply.problem), latencyMilliseconds, detail: reply.problem.detail };
  }
  if (connection.adapter.capabilities.balance) await refreshBalance({ database, clock }, connection);
  return { reachable: true, authenticated: true, latencyMilliseconds, detail: reply.value.detail };
}

const standing = ({ kind }: ProviderProblem): Pick<ProviderCheck, "reachable" | "authenticated"> => ({
  reachable: kind !== "unreachable",
  authenticated: kind !== "unreachable" && kind !== "unauthenticated",
});

/** Asks for the balance and stores the answer; undefined when there was none. */
export async function refreshBalance(
  { database, clock }: { database: Database; clock: Clock },
  connection: Connection,
): Promise<BalanceReading | undefined> {
  const reply = await connection.client.balance();
  const now = clock.now();
  if (!reply.ok) {
    await noteProblem(database, connection, reply.problem, now);
    return undefined;
  }
  const { amount, currency, units, creditLimit, providerUpdatedAt } = reply.value;
  const { id: providerId, accountId } = connection.row;
  await database.prisma.$transaction([
    database.prisma.balance.create({
      data: {
        id: randomUUIDv7(),
        accountId,
        providerId,
        amount: amount ?? null,
        currency: currency ?? null,
        units: units ?? null,
        creditLimit: creditLimit ?? null,
        providerUpdatedAt: providerUpdatedAt ?? null,
        fetchedAt: now,
      },
    }),
    database.prisma.provider.update({ where: { id: providerId }, data: { currency: currency ?? null } }),
  ]);
  return reply.value;
}

async function noteProblem(
  database: Database,
  { row }: Connection,
  { detail }: ProviderProblem,
  now: Date,
): Promise<void> {
  await database.prisma.provider.update({
    where: { id: row.id },
    data: { lastError: detail, lastErrorAt: now },
  });
}
