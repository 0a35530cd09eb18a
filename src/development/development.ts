import { randomUUIDv7 } from "node:crypto";
import { newKey } from "../access/api-keys.ts";
import { scopes } from "../access/scopes.ts";
import { storeKey } from "../access/store-key.ts";
import { refreshBalance, type BalanceWatch } from "../connections/refresh-balance.ts";
import type { Connections } from "../connections/connections.ts";
import type { Connector } from "../connections/connect.ts";
import type { Database, Statement } from "../database/database.ts";
import { isProviderKind } from "../providers/registry.ts";
import type { RunningTwin, Twin } from "../sandbox/twins.ts";
import { keepSecret } from "./secret-file.ts";

const accountName = "Development";

/** Makes the account and its key with all scopes on the first start. Returns the key. */
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

// Not through Prisma, which a start would wait for twice.
const findAccount: Statement = {
  name: "find_development_account",
  text: "select id from accounts where name = $1 order by id limit 1",
};

const insertAccount: Statement = {
  name: "insert_development_account",
  text: "insert into accounts (id, name) values ($1, $2) returning id",
};

async function accountId(database: Database): Promise<string> {
  const [known] = await database.query<{ id: string }>(findAccount, [accountName]);
  if (known) return known.id;
  const id = randomUUIDv7();
  await database.query(insertAccount, [id, accountName]);
  return id;
}

/** A sandbox provider in this process. */
export interface Sandbox {
  title: string;
  url: string;
  close(): Promise<void>;
}

/** The services needed to connect a provider. */
interface ConnectingServices extends BalanceWatch {
  connector: Connector;
  connections: Connections;
}

/** Starts the sandboxes and connects them. Connections of an earlier start get the new addresses. */
export async function connectSandboxes(services: ConnectingServices, firstPort: number): Promise<Sandbox[]> {
  const account = await accountId(services.database);
  const { twins } = await import("../sandbox/twins.ts");
  const running: Sandbox[] = [];
  for (const [index, twin] of twins.entries()) {
    const server = await twin.start({ port: firstPort === 0 ? 0 : firstPort + index });
    running.push({ title: twin.title, url: server.url, close: () => server.close() });
    await connectTwin(services, account, twin, server, index);
  }
  return running;
}

async function connectTwin(
  services: ConnectingServices,
  account: string,
  { kind, title }: Twin,
  { url: baseUrl, credentials, setCallbackUrl }: RunningTwin,
  index: number,
): Promise<void> {
  if (!isProviderKind(kind)) throw new Error(`There is a sandbox of ${kind}, but no provider of that kind`);
  const { database, connector, connections } = services;
  const name = `${title} sandbox`;
  const where = { accountId: account, kind, name, disconnectedAt: null };
  const known = await database.prisma.provider.findFirst({ where });
  const reach = { baseUrl, ...credentials };
  const { id } = known
    ? await connector.update(account, known.id, reach)
    : await connector.connect(account, kind, {
        name,
        defaultSender: "smsgraph",
        priority: index + 1,
        ...reach,
      });
  const connection = await connections.get(id);
  if (connection) setCallbackUrl?.(connections.callbackUrl(connection));
  if (connection?.adapter.capabilities.balance) await refreshBalance(services, connection);
}
