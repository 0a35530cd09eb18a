import { randomBytes, randomUUID, randomUUIDv7 } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { Client } from "pg";
import { WebSocket, WebSocketServer } from "ws";
import { newKey, scopes, storeKey } from "../src/access/api-keys.ts";
import { startApp, type App } from "../src/app.ts";
import { startEmbeddedPostgres } from "../src/database/embedded-postgres.ts";
import { migrate } from "../src/database/migrate.ts";
import { createLogger } from "../src/logger.ts";
import { GraphqlClient } from "../test/support/graphql-client.ts";

const helpText = `How long after the commit of a callback its event is on a subscriber's socket.

Usage: npm run bench:latency [-- --samples=1000]

Starts an embedded PostgreSQL and one API process, subscribes to messageEvents over a WebSocket, and posts one
callback after the other. Between them it measures what no implementation could beat: a NOTIFY from one connection
to another, and one message from a WebSocket server to its client, here in the same process.
`;

const warmUps = 50;

interface Sample {
  /** Milliseconds from sending COMMIT to the event's arrival at the subscriber. */
  commit: number;
  /** From sending the callback's request. */
  callback: number;
  notify: number;
  message: number;
}

/** Things to end, in the order of their start. */
type Closers = (() => unknown)[];

const { values } = parseArgs({
  options: { samples: { type: "string", default: "1000" }, help: { type: "boolean", short: "h" } },
});
if (values.help) process.stdout.write(helpText);
else await run(Number(values.samples));

async function run(count: number): Promise<void> {
  const closers: Closers = [];
  try {
    const measure = await prepare(closers);
    const samples: Sample[] = [];
    for (let done = -warmUps; done < count; done++) {
      const sample = await measure();
      if (done >= 0) samples.push(sample);
    }
    process.stdout.write(report(samples));
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

async function prepare(closers: Closers): Promise<() => Promise<Sample>> {
  const databaseUrl = await startDatabase(closers);
  const commits: { last: number } = { last: 0 };
  const app = await start(databaseUrl, commits, closers);
  const { client, accountId } = await createAccount(app);
  const callbackUrl = await connectProvider(client);
  const nextArrival = await subscribe(client, closers);
  const notify = await openNotify(databaseUrl, closers);
  const message = await openSocket(closers);
  return async () => {
    const messageId = await sendMessage(app, accountId);
    await nextArrival();
    const posted = performance.now();
    const arrival = nextArrival();
    const answer = postCallback(callbackUrl, messageId);
    const arrived = await arrival;
    await answer;
    return {
      commit: arrived - commits.last,
      callback: arrived - posted,
      notify: await notify(),
      message: await message(),
    };
  };
}

async function startDatabase(closers: Closers): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "smsgraph-bench-"));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres(directory);
  closers.push(() => postgres.stop());
  await migrate(postgres.url);
  return postgres.url;
}

async function start(databaseUrl: string, commits: { last: number }, closers: Closers): Promise<App> {
  const app = await startApp({
    databaseUrl,
    databasePoolSize: 10,
    secretKey: randomBytes(32),
    host: "127.0.0.1",
    port: 0,
    publicUrl: undefined,
    runsApi: true,
    runsWorker: false,
    workerConcurrency: 1,
    eventRetentionDays: 90,
    allowInsecureProviders: false,
    developmentKey: undefined,
    logger: createLogger({ level: "warn" }),
    onStatement: (text) => {
      if (text === "commit") commits.last = performance.now();
    },
  });
  closers.push(() => app.stop());
  return app;
}

async function createAccount({
  services,
  url = "",
}: App): Promise<{ client: GraphqlClient; accountId: string }> {
  const accountId = randomUUIDv7();
  await services.database.prisma.account.create({ data: { id: accountId, name: "Benchmark" } });
  const key = newKey();
  await storeKey(services.database, key, { accountId, name: "benchmark", granted: scopes });
  return { client: new GraphqlClient(url, key), accountId };
}

/** A provider that is never called: its callbacks are all we need. */
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

async function sendMessage({ services }: App, accountId: string): Promise<string> {
  const [sent] = await services.sender.send(accountId, [{ to: "+421901000000", text: "Hello" }]);
  if (!sent || "error" in sent) throw new Error("The message was not accepted");
  return sent.messageId;
}

async function postCallback(url: string, messageId: string): Promise<void> {
  const update = {
    message_id: randomUUID(),
    status: "DELIVRD",
    client_ref: messageId,
    part: 1,
    total_parts: 1,
  };
  const body = JSON.stringify({ update });
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  if (!response.ok) throw new Error(`The callback was refused: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

/** Subscribes to all events; returns how to wait for the next one, which gives the time of its arrival. */
async function subscribe({ url, headers }: GraphqlClient, closers: Closers): Promise<() => Promise<number>> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  closers.push(() => socket.close());
  await once(socket, "open");
  const query =
    "subscription { messageEvents { ... on MessageEventBatch { events { id status occurredAt } } } }";
  socket.send(JSON.stringify({ type: "connection_init", payload: headers }));
  await once(socket, "message");
  socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query } }));
  await once(socket, "message");
  const early: number[] = [];
  const waiting: ((time: number) => void)[] = [];
  socket.on("message", () => {
    const now = performance.now();
    const wake = waiting.shift();
    if (wake) wake(now);
    else early.push(now);
  });
  return () =>
    new Promise((resolve) => {
      const time = early.shift();
      if (time === undefined) waiting.push(resolve);
      else resolve(time);
    });
}

/** How long one NOTIFY takes from one connection to another. */
async function openNotify(databaseUrl: string, closers: Closers): Promise<() => Promise<number>> {
  const [sender, listener] = [0, 1].map(() => new Client({ connectionString: databaseUrl })) as [
    Client,
    Client,
  ];
  for (const client of [sender, listener]) {
    await client.connect();
    closers.push(() => client.end());
  }
  await listener.query("listen benchmark");
  return async () => {
    const arrival = once(listener, "notification").then(() => performance.now());
    const sent = performance.now();
    await sender.query("select pg_notify('benchmark', '')");
    return (await arrival) - sent;
  };
}

/** How long one message takes from a WebSocket server to its client. */
async function openSocket(closers: Closers): Promise<() => Promise<number>> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  closers.push(() => server.close());
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[WebSocket]>;
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  closers.push(() => client.terminate());
  const [[serverSide]] = await Promise.all([accepted, once(client, "open")]);
  const text = "x".repeat(200);
  return async () => {
    const arrival = once(client, "message").then(() => performance.now());
    const sent = performance.now();
    serverSide.send(text);
    return (await arrival) - sent;
  };
}

function report(samples: readonly Sample[]): string {
  const lines: [string, number[]][] = [
    ["commit sent -> subscriber's socket", samples.map(({ commit }) => commit)],
    ["callback sent -> subscriber's socket", samples.map(({ callback }) => callback)],
    ["floor: NOTIFY", samples.map(({ notify }) => notify)],
    ["floor: WebSocket message", samples.map(({ message }) => message)],
    ["floor: both", samples.map(({ notify, message }) => notify + message)],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const rows = lines.map(([name, times]) => `${name.padEnd(width)}  ${show(times)}`);
  const [latency = 0, , , , floor = 1] = lines.map(([, times]) => quantile(times, 0.5));
  return `${samples.length} samples, milliseconds\n${rows.join("\n")}\n\np50 is ${(latency / floor).toFixed(1)} times the floor\n`;
}

function show(times: readonly number[]): string {
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(times, share).toFixed(2).padStart(6));
  return `p50 ${p50}  p99 ${p99}`;
}

function quantile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;
}
