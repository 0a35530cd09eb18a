import type { ProviderProblem } from "../providers/provider.ts";
import type { Connection } from "./connections.ts";
import { noteProblem } from "./note-problem.ts";
import { refreshBalance, type BalanceWatch } from "./refresh-balance.ts";

/** The result of checking a provider account. */
export interface ProviderCheck {
  reachable: boolean;
  authenticated: boolean;
  latencyMilliseconds: number;
  /** Plain words. */
  detail: string;
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
