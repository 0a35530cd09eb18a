import { randomBytes, randomUUIDv7 } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newKey } from "../../src/access/api-keys.ts";
import { scopes } from "../../src/access/scopes.ts";
import { storeKey } from "../../src/access/store-key.ts";
import type { AppOptions } from "../../src/app/options.ts";
import { startApp, type App } from "../../src/app/start.ts";
import { startEmbeddedPostgres } from "../../src/database/embedded-postgres.ts";
import { migrate } from "../../src/database/migrate.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { GraphqlClient } from "../../test/support/graphql-client.ts";

/** Things to end, in the order of their start. */
export type Closers = (() => unknown)[];

/** Runs a benchmark and ends what it started, however it goes. */
export async function withClosers<Result>(work: (closers: Closers) => Promise<Result>): Promise<Result> {
  const closers: Closers = [];
  try {
    return await work(closers);
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

export const progress = (line: string): void => void process.stderr.write(`${line}\n`);

/** One API process, in this process, with an account of its own. */
export interface BenchServer {
  app: App;
  url: string;
  databaseUrl: string;
  secretKey: Uint8Array;
  accountId: string;
  client: GraphqlClient;
  /** Where the receipts of its only provider are taken; the provider is never called. */
  callbackUrl: string;
}

export async function startServer(closers: Closers, options: Partial<AppOptions> = {}): Promise<BenchServer> {
  const databaseUrl = await startDatabase(closers);
  const secretKey = randomBytes(32);
  const app = await startApp({
    databaseUrl,
    databasePoolSize: 10,
    secretKey,
    host: "127.0.0.1",
    port: 0,
    publicUrl: undefined,
    runsApi: true,
    runsWorker: false,
    workerConcurrency: 1,
    eventRetentionDays: 90,
    allowInsecureProviders: false,
    allowPrivateProviders: true,
    maxProvidersPerAccount: 100,
    allowInsecureWebhooks: false,
    allowPrivateWebhooks: true,
    maxWebhooksPerAccount: 100,
    maxSegments: 10,
    developmentKey: undefined,
    logger: createLogger({ level: "warn" }),
    ...options,
  });
  closers.push(() => app.stop());
  const accountId = randomUUIDv7();
  await app.services.database.prisma.account.create({ data: { id: accountId, name: "Benchmark" } });
  const key = newKey();
  await storeKey(app.services.database, key, { accountId, name: "benchmark", granted: scopes });
  const url = app.url ?? "";
  const client = new GraphqlClient(url, key);
  return { app, url, databaseUrl, secretKey, accountId, client, callbackUrl: await connectProvider(client) };
}

async function startDatabase(closers: Closers): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "smsgraph-bench-"));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres(directory);
  closers.push(() => postgres.stop());
  await migrate(postgres.url);
  return postgres.url;
}

/** Gives its callback address. */
async function connectProvider(client: GraphqlClient): Promise<string> {
  const { connectProvider: provider } = await client.data<{ connectProvider: { callbackUrl: string } }>(
    `mutation {
      connectProvider(input: {
        tikosms: { name: "Benchmark", apiToken: "none", baseUrl: "http://127.0.0.1:9", defaultSender: "bench" }
      }) { ... on Provider { callbackUrl } }
    }`,
  );
  return provider.callbackUrl;
}

/** Local ids of so many messages that were accepted. */
export async function sendMessages({ app, accountId }: BenchServer, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const size = Math.min(1000, count - ids.length);
    const inputs = Array.from({ length: size }, () => ({ to: "+421901000000", text: "Hello" }));
    for (const sent of await app.services.sender.send(accountId, inputs, undefined)) {
      if ("error" in sent) throw sent.error;
      ids.push(sent.messageId);
    }
  }
  return ids;
}

export function quantile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}

/** A whole number from the command line. @throws Error saying which option is wrong */
export function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${name} must be a whole number over 0, not "${text}"`);
}
