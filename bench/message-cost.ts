import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort, startProcess } from "../test/support/process.ts";
import { updates } from "./receipts.ts";
import type { Benchmark, Finding } from "./support/benchmark.ts";
import { fillMessages } from "./support/fill.ts";
import { HttpLoad } from "./support/http-load.ts";
import { postmasterOf, processorSeconds } from "./support/processor-time.ts";
import { startServerProcess, storeRate, type ServerProcess } from "./support/server-process.ts";
import { withClosers, type Closers } from "./support/server.ts";

const connections = 64;

/** Messages that were sent before. */
const earlier = 50_000;

/** Processes of each role. */
const sizes = [1, 4] as const;

/** Eight processes have to share the hundred connections of PostgreSQL. */
const shared = { PUBLIC_URL: "http://127.0.0.1", DATABASE_POOL_SIZE: "8" };

/** For one message, from `sendMessage` to its final receipt. */
interface Cost {
  /** Microseconds of processor time. */
  api: number;
  worker: number;
  postgres: number;
  /** Kilobytes written to the log of PostgreSQL, and what stays in tables and indexes. */
  wal: number;
  disk: number;
  /** Versions of rows that were written or deleted, those of the queue, too. */
  rows: number;
  /** Messages in a second, all processes on this machine. */
  rate: number;
}

export const benchmark: Benchmark = {
  name: "message-cost",
  about:
    "What a message costs from `sendMessage` to its final receipt, each of both a request of its own: processor time by process, " +
    "write-ahead log, disk. With one API process and one worker, and with four of each on the same machine.",
  async run({ rounds, isShort, progress }) {
    const count = isShort ? 500 : 10_000;
    const costs: Record<number, Cost[]> = { 1: [], 4: [] };
    for (let round = 1; round <= rounds; round++) {
      for (const size of sizes) {
        progress(`round ${round}: ${count} messages, ${size} API processes and ${size} workers`);
        costs[size]?.push(await withClosers((closers) => measure(size, count, closers)));
      }
    }
    return sizes.flatMap((size) => findingsOf(size, costs[size] ?? [], costs[1] ?? []));
  },
};

function findingsOf(size: number, costs: readonly Cost[], alone: readonly Cost[]): Finding[] {
  const of = (what: string, unit: Finding["unit"], part: keyof Cost): Finding => ({
    what: `${size} + ${size}: ${what}`,
    unit,
    ours: costs.map((cost) => cost[part]),
    ...(size > 1 && { beside: { name: "one of each", rounds: alone.map((cost) => cost[part]) } }),
  });
  return [
    of("messages from end to end", "messages/s", "rate"),
    of("API processes, a message", "us", "api"),
    of("workers, a message", "us", "worker"),
    of("PostgreSQL, a message", "us", "postgres"),
    of("write-ahead log, a message", "KB", "wal"),
    of("tables and indexes, a message", "KB", "disk"),
    of("versions of rows, a message", "rows", "rows"),
  ];
}

async function measure(size: number, count: number, closers: Closers): Promise<Cost> {
  const server = await startServerProcess(closers, shared);
  await storeRate(server);
  const instances = { api: [server.pid], worker: [] as number[] };
  const urls = [server.client.url];
  const start = async (role: "api" | "worker"): Promise<void> => {
    const port = String(await freePort());
    const { environment, databaseUrl, client } = server;
    const member = startProcess({
      ...environment,
      DATABASE_URL: databaseUrl,
      DEVELOPMENT_KEY: client.key ?? "",
      MAX_REQUESTS_PER_SECOND: "0",
      MAX_COST_PER_SECOND: "0",
      MAX_SENDS_PER_SECOND: "0",
      ...shared,
      ROLE: role,
      [role === "api" ? "PORT" : "WORKER_PORT"]: port,
    });
    closers.push(() => member.end("SIGTERM"));
    await member.ready;
    instances[role].push(member.pid);
    if (role === "api") urls.push(`http://127.0.0.1:${port}`);
  };
  while (instances.api.length < size) await start("api");
  while (instances.worker.length < size) await start("worker");
  const { accountId, database } = server;
  await fillMessages(database, {
    accountId,
    providerId: server.providerId,
    messages: earlier,
    eventsEach: 4,
  });
  const { providerId, callbackPath } = await connect(server, closers);
  const road = { server, urls, providerId, callbackPath, loads: urls.map(() => new HttpLoad(closers)) };
  await travel(road, Math.ceil(count / 10));
  // Of tables that were small PostgreSQL would read all.
  await database.query("vacuum analyze");

  const postmaster = await postmasterOf(server.databaseUrl);
  const now = async () => ({
    api: sum(instances.api.map(processorSeconds)),
    worker: sum(instances.worker.map(processorSeconds)),
    postgres: processorSeconds(postmaster),
    ...(await sizeOf(server)),
  });
  const before = await now();
  const startedAt = performance.now();
  await travel(road, count);
  const seconds = (performance.now() - startedAt) / 1000;
  const after = await now();
  const each = (part: keyof typeof before, unit: number): number =>
    ((after[part] - before[part]) / count) * unit;
  return {
    api: each("api", 1e6),
    worker: each("worker", 1e6),
    postgres: each("postgres", 1e6),
    wal: each("wal", 1 / 1024),
    disk: each("disk", 1 / 1024),
    rows: each("rows", 1),
    rate: count / seconds,
  };
}

const sum = (figures: readonly number[]): number => figures.reduce((total, figure) => total + figure, 0);

async function sizeOf({ database }: ServerProcess): Promise<{ wal: number; disk: number; rows: number }> {
  // Sessions tell what they have written after a second.
  await pause(2_000);
  const { rows } = await database.query<{ wal: string; disk: string; rows: string }>(
    `select pg_current_wal_lsn() - '0/0' as wal, pg_database_size(datname) as disk, tup_inserted + tup_updated + tup_deleted as rows
    from pg_stat_database where datname = current_database()`,
  );
  const [{ wal, disk, rows: written } = { wal: 0, disk: 0, rows: 0 }] = rows;
  return { wal: Number(wal), disk: Number(disk), rows: Number(written) };
}

/** A provider that answers at once, in a process of its own. */
async function connect({ client, database }: ServerProcess, closers: Closers) {
  const provider = fork(join(import.meta.dirname, "support/instant-provider.ts"));
  closers.push(() => provider.kill());
  const [port] = (await once(provider, "message")) as [number];
  const { connected } = await client.data<{ connected: { id: string; callbackUrl: string } }>(
    `mutation ($baseUrl: String!) {
      connected: connectProvider(input: {
        tikosms: { name: "Instant", apiToken: "none", baseUrl: $baseUrl, defaultSender: "bench" }
      }) { ... on Provider { id callbackUrl } }
    }`,
    { baseUrl: `http://127.0.0.1:${port}` },
  );
  await database.query(
    `insert into rates (id, account_id, provider_id, mcc, country, price, currency, valid_from)
    select gen_random_uuid(), account_id, id, '231', 'SK', 0.045, 'EUR', '2020-01-01' from providers where name = 'Instant'`,
  );
  return { providerId: connected.id, callbackPath: new URL(connected.callbackUrl).pathname };
}

interface Road {
  server: ServerProcess;
  /** Of the API processes, and a client for each. */
  urls: readonly string[];
  loads: readonly HttpLoad[];
  providerId: string;
  callbackPath: string;
}

/** Sends so many messages, waits until the provider has them, and lets it tell that they have arrived. */
async function travel(road: Road, count: number): Promise<void> {
  const { server, providerId } = road;
  const query = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } ... on Error { message } } }`;
  const sends = Array.from({ length: count }, (_, index) => {
    const to = `+421901${String(index).padStart(6, "0")}`;
    return JSON.stringify({ query, variables: { input: { to, text: "Hello", providerId } } });
  });
  await post(road, "/graphql", sends, server.client.headers);
  const submitted = await untilAll(server, count, "SUBMITTED");
  await post(road, road.callbackPath, updates(submitted), {});
  await untilAll(server, count, "DELIVERED");
  await server.database.query(
    "update messages set client_ref = 'counted' where client_ref is null and campaign_id is null",
  );
}

/** Bodies over all API processes, as a load balancer would give them. */
async function post(
  { urls, loads }: Road,
  path: string,
  bodies: readonly string[],
  headers: Record<string, string>,
): Promise<void> {
  const share = Math.ceil(bodies.length / urls.length);
  const results = await Promise.all(
    loads.map(async (load, place) =>
      load.run({
        url: `${urls[place]}${path}`,
        contentType: "application/json",
        headers,
        bodies: bodies.slice(place * share, (place + 1) * share),
        connections: connections / urls.length,
      }),
    ),
  );
  const refused = results
    .flatMap((result) => Object.keys(result.statuses))
    .filter((status) => status !== "200");
  if (refused.length > 0) throw new Error(`Requests were answered with ${refused.join(", ")}`);
}

/** Each look reads all of them. */
const lookEveryMs = 500;
const patienceMs = 120_000;

async function untilAll({ database }: ServerProcess, count: number, status: string) {
  for (const deadline = performance.now() + patienceMs; ;) {
    const { rows } = await database.query<{ id: string; providerMessageId: string }>(
      `select id, provider_message_id as "providerMessageId" from messages where client_ref is null and campaign_id is null and status = $1::message_status`,
      [status],
    );
    if (rows.length === count) return rows;
    if (performance.now() > deadline)
      throw new Error(`Only ${rows.length} of ${count} messages are ${status}`);
    await pause(lookEveryMs);
  }
}
