import { randomBytes } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { startEmbeddedPostgres } from "../../src/database/embedded-postgres.ts";
import { decodeId } from "../../src/lib/global-id.ts";
import { migrate } from "../../src/database/migrate.ts";
import { GraphqlClient } from "../../test/support/graphql-client.ts";
import { freePort, startProcess } from "../../test/support/process.ts";
import { liveBytes } from "./live-memory.ts";
import type { Closers } from "./server.ts";

/** An API process of its own, unless another role is given, around an embedded PostgreSQL, with a connected TikoSMS that nobody serves. */
export interface ServerProcess {
  client: GraphqlClient;
  /** A connection of the benchmark's own. */
  database: Client;
  providerId: string;
  accountId: string;
  databaseUrl: string;
  pid: number;
  /** The settings that processes of the same installation share. */
  environment: Record<string, string>;
  /** Its resident memory now, in bytes. */
  residentBytes(): number;
  /** What is in use in it after a full collection; it must have been started with `inspected`. */
  liveBytes(): Promise<number>;
  /** The processor time it has had. */
  processorSeconds(): Promise<number>;
}

/** Lets its memory be asked for. It costs nothing until then. */
export const inspected = { NODE_OPTIONS: "--inspect=127.0.0.1:0" };

/** @param variables of its environment, beside or instead of the usual ones */
export async function startServerProcess(
  closers: Closers,
  variables: Record<string, string> = {},
): Promise<ServerProcess> {
  const directory = await mkdtemp(join(tmpdir(), "smsgraph-bench-"));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres(directory);
  closers.push(() => postgres.stop());
  await migrate(postgres.url);
  const port = await freePort();
  const key = `key_${randomBytes(16).toString("hex")}`;
  const environment = { SECRET_KEY: randomBytes(32).toString("base64"), SANDBOX: "false", LOG_LEVEL: "warn" };
  const server = startProcess({
    ...environment,
    DATABASE_URL: postgres.url,
    DEVELOPMENT_KEY: key,
    PORT: String(port),
    ROLE: "api",
    // A benchmark has one key for everything.
    MAX_REQUESTS_PER_SECOND: "0",
    MAX_COST_PER_SECOND: "0",
    MAX_SENDS_PER_SECOND: "0",
    ...variables,
  });
  closers.push(() => server.end("SIGTERM"));
  await server.ready;
  const client = new GraphqlClient(`http://127.0.0.1:${port}`, key);
  const { provider } = await client.data<{ provider: { id: string } }>(
    `mutation {
      provider: connectProvider(input: {
        tikosms: { name: "Bench", apiToken: "token", baseUrl: "https://127.0.0.1", defaultSender: "smsgraph" }
      }) { ... on Provider { id } }
    }`,
  );
  const database = new Client({ connectionString: postgres.url });
  await database.connect();
  closers.push(() => database.end());
  const { rows } = await database.query<{ id: string }>("select id from accounts");
  return {
    client,
    database,
    providerId: decodeId("Provider", provider.id),
    accountId: rows[0]?.id ?? "",
    databaseUrl: postgres.url,
    pid: server.pid,
    environment,
    processorSeconds: async () => {
      const metrics = await (await fetch(`${client.url}/metrics`)).text();
      return Number(/^process_cpu_seconds_total (\S+)$/m.exec(metrics)?.[1]);
    },
    liveBytes: () => liveBytes(/Debugger listening on (\S+)/.exec(server.output())?.[1] ?? ""),
    residentBytes: () =>
      Number(execFileSync("ps", ["-o", "rss=", "-p", String(server.pid)]).toString()) * 1024,
  };
}

/** The price of a segment to all of Slovakia. */
export async function storeRate({ database, accountId, providerId }: ServerProcess): Promise<void> {
  await database.query(
    `insert into rates (id, account_id, provider_id, mcc, country, price, currency, valid_from)
    values (gen_random_uuid(), $1, $2, '231', 'SK', 0.045, 'EUR', '2020-01-01')`,
    [accountId, providerId],
  );
}
