import type { Database } from "../database/database.ts";
import { announceProviderChange } from "../lanes/provider-channel.ts";
import type { ProviderProblem } from "../providers/provider.ts";
import type { Connection } from "./connections.ts";

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
