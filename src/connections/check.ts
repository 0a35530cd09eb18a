import { randomUUIDv7 } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Database } from "../database/database.ts";
import type { Balance } from "../database/generated/client.ts";
import type { ProviderProblem, ProviderReply } from "../providers/provider.ts";
import { balanceChannel } from "./balance-feed.ts";
import type { Connection } from "./connections.ts";
import { announceProviderChange } from "./provider-channel.ts";

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

/** Asks for the balance, and stores and announces the answer. */
export async function refreshBalance(
  { database, clock }: { database: Database; clock: Clock },
  connection: Connection,
): Promise<ProviderReply<Balance>> {
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
  const [value] = await prisma.$transaction([
    prisma.balance.create({ data: { id: randomUUIDv7(), accountId, providerId, ...said, fetchedAt: now } }),
    prisma.provider.update({ where: { id: providerId }, data: { currency: currency ?? null } }),
    prisma.$executeRaw`select pg_notify(${balanceChannel}, '')`,
  ]);
  return { ok: true, value };
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
  await announceProviderChange(database);
}
