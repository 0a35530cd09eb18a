import type { Database } from "../database/database.ts";
import type { Balance } from "../database/generated/client.ts";
import type { Listener } from "../database/listener.ts";

export const balanceChannel = "smsgraph_balances";

/** The newest balances of an account's providers, live. PostgreSQL is the only thing the processes share. */
export class BalanceFeed {
  readonly #database: Database;
  readonly #waiting = new Set<() => void>();

  constructor(database: Database) {
    this.#database = database;
  }

  async open(listener: Listener): Promise<void> {
    await listener.on(balanceChannel, () => {
      for (const wake of this.#waiting) wake();
    });
  }

  /** The newest balance of each provider at once, then each newer one. */
  async *watch(
    filter: { accountId: string; providerId: string | undefined },
    signal: AbortSignal,
  ): AsyncGenerator<Balance> {
    const seen = new Map<string, string>();
    while (!signal.aborted) {
      // Registered before reading: what is stored meanwhile wakes us again.
      const hint = this.#hint(signal);
      for (const balance of await this.newest(filter)) {
        if (seen.get(balance.providerId) === balance.id) continue;
        seen.set(balance.providerId, balance.id);
        yield balance;
      }
      await hint;
    }
  }

  /** The newest known balance of each provider. */
  newest({
    accountId,
    providerId,
  }: {
    accountId: string;
    providerId?: string | undefined;
  }): Promise<Balance[]> {
    return this.#database.prisma.balance.findMany({
      where: {
        accountId,
        ...(providerId !== undefined && { providerId }),
        provider: { disconnectedAt: null },
      },
      distinct: ["providerId"],
      orderBy: [{ providerId: "asc" }, { fetchedAt: "desc" }, { id: "desc" }],
    });
  }

  #hint(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }
}
