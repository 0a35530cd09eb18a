import { columns } from "../database/columns.ts";
import type { Queryable, Statement } from "../database/database.ts";
import { Prisma, type Provider } from "../database/generated/client.ts";

const providerColumns = columns<keyof Provider>({
  id: "uuid",
  accountId: "uuid",
  kind: "text",
  name: "text",
  enabled: "boolean",
  priority: "int",
  defaultSender: "text",
  maxPerSecond: "float8",
  maxConcurrent: "int",
  currency: "text",
  lastError: "text",
  lastErrorAt: "timestamptz",
  nextBalanceAt: "timestamptz",
  lowBalance: "numeric",
  balanceLowSince: "timestamptz",
  nextRatesAt: "timestamptz",
  nextInboundAt: "timestamptz",
  inboundReadAt: "timestamptz",
  lastDrainAt: "timestamptz",
  drainFailures: "int",
  drainPausedUntil: "timestamptz",
  settings: "jsonb",
  callbackAddresses: "text[]",
  secrets: "bytea",
  createdAt: "timestamptz",
  updatedAt: "timestamptz",
  disconnectedAt: "timestamptz",
});

const readByIds: Statement = {
  name: "read_providers",
  text: `select ${providerColumns.readFrom("p")} from providers as p where p.id = any ($1::uuid[])`,
};

/** Providers of any account; ids that do not exist are absent. */
export async function readProviders(database: Queryable, ids: readonly string[]): Promise<Provider[]> {
  const rows = await database.query<Provider & { lowBalance: string | null }>(readByIds, [ids]);
  return rows.map((row) => ({ ...row, lowBalance: row.lowBalance && new Prisma.Decimal(row.lowBalance) }));
}
