import { randomUUIDv7 } from "node:crypto";
import { newKey, scopes, storeKey } from "../access/api-keys.ts";
import type { App } from "../app.ts";
import { refreshBalance } from "../connections/check.ts";
import type { Database } from "../database/database.ts";
import { startTikosmsSandbox, type TikosmsSandbox } from "../sandbox/tikosms/index.ts";
import { keepSecret } from "./secret-file.ts";

const accountName = "Development";
const sandboxName = "TikoSMS sandbox";

/** An account with a key that may do everything, made on the first start. Returns the key. */
export async function prepareAccount(
  database: Database,
  dataDirectory: string,
  configuredKey: string | undefined,
): Promise<string> {
  const key = configuredKey ?? (await keepSecret(dataDirectory, "development-key", newKey));
  await storeKey(database, key, {
    accountId: await accountId(database),
    name: "development",
    granted: scopes,
  });
  return key;
}

async function accountId({ prisma }: Database): Promise<string> {
  const known = await prisma.account.findFirst({ where: { name: accountName } });
  return (known ?? (await prisma.account.create({ data: { id: randomUUIDv7(), name: accountName } }))).id;
}

/** Starts the sandbox and connects it, or points the connection of the last start at its new address. */
export async function connectSandbox({ services }: App, port: number): Promise<TikosmsSandbox> {
  const { database, connector, connections } = services;
  const sandbox = await startTikosmsSandbox({ port });
  const account = await accountId(database);
  const known = await database.prisma.provider.findFirst({
    where: { accountId: account, kind: "TIKOSMS", name: sandboxName, disconnectedAt: null },
  });
  const own = { apiToken: sandbox.token };
  const { id } = known
    ? await connector.update(account, known.id, known.id, { baseUrl: sandbox.url, own })
    : await connector.connect(account, "TIKOSMS", {
        name: sandboxName,
        baseUrl: sandbox.url,
        defaultSender: "smsgraph",
        own,
      });
  const connection = await connections.get(id);
  if (connection) await refreshBalance(services, connection);
  return sandbox;
}
