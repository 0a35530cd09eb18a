import { randomBytes, randomUUIDv7 } from "node:crypto";
import { Writable } from "node:stream";
import { newKey } from "../../src/access/api-keys.ts";
import { scopes, type Scope } from "../../src/access/scopes.ts";
import { storeKey } from "../../src/access/store-key.ts";
import type { AppOptions } from "../../src/app/options.ts";
import { startApp, type App } from "../../src/app/start.ts";
import { createLogger } from "../../src/lib/logger.ts";
import {
  startTikosmsSandbox,
  type TikosmsSandbox,
  type TikosmsSandboxOptions,
} from "../../src/sandbox/tikosms/index.ts";
import { createTestDatabase } from "./database.ts";
import { natsOf, startRelay } from "./live-tier.ts";
import { eventually } from "./process.ts";
import { GraphqlClient } from "./graphql-client.ts";

export interface TestApp extends App {
  url: string;
  accountId: string;
  key: string;
  client: GraphqlClient;
  databaseUrl: string;
  secretKey: Uint8Array;
  /** Every log line so far. */
  log: string[];
  /** A key of an account of its own, or of this one. */
  createKey(granted?: readonly Scope[], accountId?: string): Promise<string>;
  createAccount(): Promise<string>;
}

export type TestAppOptions = Partial<AppOptions>;

/** The whole application on its own database, with an account and a key that may do everything. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const own = options.databaseUrl === undefined ? await createTestDatabase() : undefined;
  const databaseUrl = options.databaseUrl ?? own?.url ?? "";
  const nats = natsOf(databaseUrl);
  const relay = own && nats && (await startRelay(databaseUrl, nats));
  const log: string[] = [];
  const destination = new Writable({
    write(line: Buffer, _encoding, done) {
      log.push(line.toString("utf8"));
      done();
    },
  });
  const secretKey = options.secretKey ?? randomBytes(32);
  const app = await startApp({
    databasePoolSize: 10,
    secretKey,
    host: "127.0.0.1",
    port: 0,
    publicUrl: undefined,
    runsApi: true,
    runsWorker: true,
    workerConcurrency: 10,
    eventRetentionDays: 90,
    allowInsecureProviders: false,
    allowPrivateProviders: true,
    maxProvidersPerAccount: 100,
    allowInsecureWebhooks: false,
    allowPrivateWebhooks: true,
    maxWebhooksPerAccount: 100,
    maxSegments: 255,
    nats,
    developmentKey: undefined,
    logger: createLogger({ level: "info", destination }),
    ...options,
    databaseUrl,
  });
  const { services, liveTier } = app;
  // Otherwise the tests could pass with what comes from PostgreSQL.
  if (liveTier && app.url !== undefined) await eventually(() => liveTier.isLive);
  const createAccount = async (): Promise<string> => {
    const id = randomUUIDv7();
    await services.database.prisma.account.create({ data: { id, name: `Account ${id}` } });
    return id;
  };
  const accountId = await createAccount();
  const createKey = async (granted: readonly Scope[] = scopes, owner = accountId): Promise<string> => {
    const key = newKey();
    await storeKey(services.database, key, { accountId: owner, name: "test", granted });
    return key;
  };
  const key = await createKey();
  const url = app.url ?? "";
  return {
    ...app,
    url,
    accountId,
    key,
    client: new GraphqlClient(url, key),
    databaseUrl,
    secretKey,
    log,
    createKey,
    createAccount,
    async stop() {
      await app.stop();
      await relay?.stop();
      await own?.drop();
    },
  };
}

/** A TikoSMS sandbox that does everything at once, connected to the app's account. Returns its global id too. */
export async function connectTestSandbox(
  app: TestApp,
  options: TikosmsSandboxOptions = {},
): Promise<{ sandbox: TikosmsSandbox; providerId: string }> {
  const sandbox = await startTikosmsSandbox({ delays: { createMs: 0, updateMs: 0 }, ...options });
  const { connectProvider } = await app.client.data<{ connectProvider: { id: string } }>(
    `mutation ($input: ConnectProviderInput!) {
      connectProvider(input: $input) { ... on Provider { id } ... on Error { code message } }
    }`,
    {
      input: {
        tikosms: {
          name: "Sandbox",
          apiToken: sandbox.token,
          baseUrl: sandbox.url,
          defaultSender: "smsgraph",
        },
      },
    },
  );
  return { sandbox, providerId: connectProvider.id };
}
