import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "pg";
import { WebSocket } from "ws";
import { encodeId } from "../src/lib/global-id.ts";
import { eventChannel } from "../src/messages/log/event-log.ts";
import { hasNatsServer } from "../test/support/has-nats-server.ts";
import { NatsCluster } from "../test/support/nats.ts";
import { eventually, freePort, startProcess } from "../test/support/process.ts";
import type { Benchmark } from "./support/benchmark.ts";
import { Clients } from "./support/clients.ts";
import { fillMessages } from "./support/fill.ts";
import { postmasterOf, spent } from "./support/processor-time.ts";
import { startServerProcess } from "./support/server-process.ts";
import { quantile, withClosers, type Closers } from "./support/server.ts";

const transactionsPerSecond = 50;
const eventsInTransaction = 10;

/** As it is without events: what the clocks of a second cost is no cost of an event. */
const idleSeconds = 3;

const query = `subscription ($filter: MessageEventFilter) {
  messageEvents(filter: $filter) {
    __typename
    ... on MessageEventBatch { cursor events { id status version occurredAt } }
    ... on CaughtUp { cursor }
  }
}`;

interface Result {
  /** PostgreSQL's processor time for each event, in microseconds. */
  processor: number;
  /** Milliseconds from sending COMMIT to a subscriber. */
  lags: number[];
}

interface Size {
  /** API processes with subscribers; 0: one, without any. */
  processes: number;
  subscribers: number;
  seconds: number;
}

export const benchmark: Benchmark = {
  name: "live-tier",
  about:
    "Eight API processes with 4,000 subscribers of a message each: what an event costs PostgreSQL when every process reads the " +
    "log, and when one relay carries it to NATS. Both in the same run; without nats-server it is left out.",
  async run({ rounds, isShort, progress }) {
    if (!hasNatsServer) return [];
    const size = isShort
      ? { processes: 2, subscribers: 40, seconds: 2 }
      : { processes: 8, subscribers: 4_000, seconds: 10 };
    const all: { plain: Result; nats: Result; written: Result }[] = [];
    for (let round = 0; round < rounds; round++) {
      progress("PostgreSQL alone");
      const plain = await withClosers((closers) => measure(size, undefined, closers));
      progress("with NATS");
      const nats = await withClosers(async (closers) => {
        const cluster = await NatsCluster.start();
        closers.push(() => cluster.close());
        return measure(size, cluster.url, closers);
      });
      progress("without readers");
      const written = await withClosers((closers) => measure({ ...size, processes: 0 }, undefined, closers));
      all.push({ plain, nats, written });
    }
    const p50 = ({ lags }: Result): number => quantile(lags, 0.5);
    return [
      {
        what: `PostgreSQL's time for an event, ${size.processes} API processes`,
        unit: "us",
        ours: all.map(({ nats }) => nats.processor),
        beside: { name: "without NATS", rounds: all.map(({ plain }) => plain.processor) },
        target: { atMost: 0.35 },
      },
      {
        what: "of that, without what writing it costs",
        unit: "us",
        ours: all.map(({ nats, written }) => nats.processor - written.processor),
        beside: {
          name: "without NATS",
          rounds: all.map(({ plain, written }) => plain.processor - written.processor),
        },
      },
      {
        what: "from COMMIT to a subscriber, p50",
        unit: "ms",
        ours: all.map(({ nats }) => p50(nats)),
        beside: { name: "without NATS", rounds: all.map(({ plain }) => p50(plain)) },
      },
      {
        what: "added by NATS, p50",
        unit: "ms",
        ours: all.map(({ nats, plain }) => p50(nats) - p50(plain)),
        target: { atMost: 5 },
      },
    ];
  },
};

async function measure(size: Size, natsUrl: string | undefined, closers: Closers): Promise<Result> {
  const nats: Record<string, string> = natsUrl === undefined ? {} : { NATS_URL: natsUrl };
  const shared = { ...nats, METRICS: "true", DATABASE_POOL_SIZE: "10" };
  const server = await startServerProcess(closers, {
    ...shared,
    MAX_SUBSCRIPTIONS_PER_SECOND: "0",
    MAX_SOCKETS_PER_SECOND: "0",
  });
  const { accountId, providerId, database, environment, databaseUrl } = server;
  const urls = [server.client.url];
  const start = async (role: "api" | "worker"): Promise<void> => {
    const port = String(await freePort());
    const member = startProcess({
      ...environment,
      ...shared,
      MAX_SUBSCRIPTIONS_PER_SECOND: "0",
      MAX_SOCKETS_PER_SECOND: "0",
      DATABASE_URL: databaseUrl,
      DEVELOPMENT_KEY: server.client.key ?? "",
      ROLE: role,
      [role === "api" ? "PORT" : "WORKER_PORT"]: port,
    });
    closers.push(() => member.end("SIGTERM"));
    await member.ready;
    if (role === "api") urls.push(`http://127.0.0.1:${port}`);
  };
  await start("worker");
  while (urls.length < size.processes) await start("api");
  const { ids } = await fillMessages(database, {
    accountId,
    providerId,
    messages: size.subscribers,
    eventsEach: 1,
  });
  // One process after the other: thousands of sockets at once would wait for each other until they are given up.
  if (size.processes === 0) urls.length = 0;
  for (const [place, url] of urls.entries()) {
    const own = ids.filter((_, index) => index % urls.length === place);
    await subscribe(url, own, server.client.headers, closers);
  }
  if (natsUrl !== undefined)
    await eventually(async () => (await Promise.all(urls.map(isLive))).every(Boolean));
  const sampler = await sample(urls, ids, server.client.headers, closers);
  const postmaster = await postmasterOf(databaseUrl);
  await write(database, ids, 1, () => undefined);
  const idle = await spent(postmaster, () => pause(idleSeconds * 1000));
  const busy = await spent(postmaster, () => write(database, ids, size.seconds, sampler.sent));
  await pause(500);
  const events = size.seconds * transactionsPerSecond * eventsInTransaction;
  const baseline = (idle / idleSeconds) * size.seconds;
  return { processor: ((busy - baseline) / events) * 1e6, lags: sampler.lags };
}

const isLive = async (url: string): Promise<boolean> =>
  (await (await fetch(`${url}/readyz`)).text()).includes("events come from NATS");

async function subscribe(
  url: string,
  ids: string[],
  init: Record<string, string>,
  closers: Closers,
): Promise<void> {
  const clients = new Clients(closers);
  const subscriptions = ids.map((id) => ({
    query,
    variables: { filter: { messageIds: [encodeId("Message", id)] } },
  }));
  await clients.open(`${url.replace("http", "ws")}/graphql`, subscriptions, {
    init,
    greets: true,
    unit: 1e9,
  });
}

/** One more subscriber of each process, of the first message, which every transaction writes an event of. */
async function sample(
  urls: readonly string[],
  ids: readonly string[],
  headers: Record<string, string>,
  closers: Closers,
) {
  const lags: number[] = [];
  let sentAt = 0;
  for (const url of urls) {
    const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    closers.push(() => socket.terminate());
    const begun = Promise.withResolvers<void>();
    socket.on("open", () => socket.send(JSON.stringify({ type: "connection_init", payload: headers })));
    socket.on("message", (data: Buffer) => {
      const text = data.toString("utf8");
      if (text.includes("connection_ack"))
        socket.send(
          JSON.stringify({
            id: "1",
            type: "subscribe",
            payload: { query, variables: { filter: { messageIds: [encodeId("Message", ids[0] ?? "")] } } },
          }),
        );
      if (text.includes("CaughtUp")) begun.resolve();
      if (text.includes("MessageEventBatch") && sentAt > 0) lags.push(performance.now() - sentAt);
    });
    await begun.promise;
  }
  return { lags, sent: () => void (sentAt = performance.now()) };
}

/** Transactions at a steady rate, each with events of some messages. */
async function write(
  database: Client,
  ids: readonly string[],
  seconds: number,
  sent: () => void,
): Promise<void> {
  const started = performance.now();
  for (let turn = 0; turn < seconds * transactionsPerSecond; turn++) {
    const due = (turn * 1000) / transactionsPerSecond;
    await pause(Math.max(0, started + due - performance.now()));
    const some = Array.from(
      { length: eventsInTransaction - 1 },
      (_, index) => ids[1 + ((turn * eventsInTransaction + index) % (ids.length - 1))],
    );
    await database.query("begin");
    await database.query({
      name: "insert_events",
      text: `
        insert into message_events (
          tx, account_id, message_id, provider_id, version, status, source, applied, ignored_reason, occurred_at, received_at
        )
        select pg_current_xact_id()::text::bigint, account_id, id, provider_id, version, 'SENT', 'CALLBACK', false, 'DUPLICATE',
          now(), now()
        from messages where id = any ($1::uuid[]) order by id`,
      values: [[ids[0], ...some]],
    });
    await database.query(`select pg_notify('${eventChannel}', '')`);
    sent();
    await database.query("commit");
  }
}
