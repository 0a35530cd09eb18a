import { Batcher } from "../lib/batcher.ts";
import { WakeUps } from "../lib/wake-ups.ts";
import type { Database } from "../database/database.ts";
import type { Balance } from "../database/generated/client.ts";
import type { Listener } from "../database/listener.ts";
import { patient } from "../database/read-through-outage.ts";

export const balanceChannel = "smsgraph_balances";

const maxBatchSize = 500;

/**
 * Streams the newest balances of an account's providers. PostgreSQL notifies all processes of new balances.
 */
export class BalanceFeed {
  readonly #database: Database;
  readonly #wakeUps = new WakeUps();
  /** By account. All watchers of one account get the same objects. */
  readonly #newest: Batcher<string, Balance[]>;

  constructor(database: Database) {
    this.#database = database;
    const patientDatabase = patient(database);
    this.#newest = new Batcher(async (accountIds) => {
      const balances = Map.groupBy(await readNewest(patientDatabase, accountIds), (row) => row.accountId);
      return accountIds.map((accountId) => balances.get(accountId) ?? []);
    }, maxBatchSize);
  }

  async open(listener: Listener): Promise<void> {
    await listener.on(balanceChannel, () => this.#wakeUps.wakeAll());
  }

  /** Yields the newest balance of each provider at once, then each newer one. */
  async *watch(
    { accountId, providerId }: { accountId: string; providerId: string | undefined },
    signal: AbortSignal,
  ): AsyncGenerator<Balance> {
    const seen = new Map<string, string>();
    while (!signal.aborted) {
      // Register before reading, so that a balance stored meanwhile wakes us again.
      const hint = this.#wakeUps.next(undefined, signal);
      for (const balance of await this.#newest.add(accountId)) {
        if (providerId !== undefined && balance.providerId !== providerId) continue;
        if (seen.get(balance.providerId) === balance.id) continue;
        seen.set(balance.providerId, balance.id);
        yield balance;
      }
      await hint;
    }
  }

  /** The newest known balance of each provider of an account. */
  newest(accountId: string): Promise<Balance[]> {
    return readNewest(this.#database, [accountId]);
  }
}

function readNewest({ prisma }: Database, accountIds: readonly string[]): Promise<Balance[]> {
  return prisma.balance.findMany({
    where: { accountId: { in: [...new Set(accountIds)] }, provider: { disconnectedAt: null } },
    distinct: ["providerId"],
    orderBy: [{ providerId: "asc" }, { fetchedAt: "desc" }, { id: "desc" }],
  });
}
