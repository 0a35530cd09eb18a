import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { performance } from "node:perf_hooks";
import { Client } from "pg";
import { WebSocket, WebSocketServer } from "ws";
import { encodeId } from "../src/lib/global-id.ts";
import type { GraphqlClient } from "../test/support/graphql-client.ts";
import { p99Of, peakMegabytes, type Benchmark } from "./support/benchmark.ts";
import { Clients } from "./support/clients.ts";
import { quantile, sendMessages, startServer, type Closers } from "./support/server.ts";

const warmUps = 50;

interface Sample {
  /** Milliseconds from sending COMMIT to the event's arrival at the subscriber. */
  commit: number;
  /** From sending the callback's request. */
  callback: number;
  notify: number;
  message: number;
}

const p50 = (times: readonly number[]): number => quantile(times, 0.5);

export const benchmark: Benchmark = {
  name: "latency",
  about:
    "From sending a callback to its event on a subscriber's socket: one at a time, and with many subscribers under load. " +
    "The limit: a NOTIFY and one WebSocket message.",
  async run({ closers, isShort, progress }) {
    const samples = await sampleOneByOne(isShort ? 100 : 1_000, closers, progress);
    const [subscribers, perSecond, seconds] = isShort ? [100, 200, 2] : [1_000, 2_000, 10];
    const loaded = await measureUnderLoad(subscribers, perSecond, seconds, closers, progress);
    const callbacks = samples.map(({ callback }) => callback);
    const commits = samples.map(({ commit }) => commit);
    const floors = samples.map(({ notify, message }) => notify + message);
    return [
      {
        what: "one callback at a time, p50",
        unit: "ms",
        ours: [p50(callbacks)],
        p99: { ms: p99Of(callbacks), atMost: 30 },
      },
      {
        what: "of that from sending COMMIT, p50",
        unit: "ms",
        ours: [p50(commits)],
        beside: { name: "NOTIFY and one message", rounds: [p50(floors)] },
        target: { atMost: 6 },
        p99: { ms: p99Of(commits) },
      },
      {
        what: `${perSecond} callbacks/s, ${subscribers} subscribers, p50`,
        unit: "ms",
        ours: [p50(loaded.latencies)],
        p99: { ms: p99Of(loaded.latencies), atMost: 60 },
        processorMicroseconds: loaded.processor,
        peakMegabytes: peakMegabytes(),
      },
      { what: "events missing", unit: "times", ours: [loaded.missing], target: { atMost: 0 } },
    ];
  },
};

async function measureUnderLoad(
  subscribers: number,
  perSecond: number,
  seconds: number,
  closers: Closers,
  progress: (line: string) => void,
) {
  const server = await startServer(closers);
  const ids = await sendMessages(server, subscribers);
  const query = `subscription ($filter: MessageEventFilter) {
    messageEvents(filter: $filter) {
      ... on MessageEventBatch { cursor events { id status version occurredAt } }
      ... on CaughtUp { cursor }
    }
  }`;
  const subscriptions = ids.map((id) => ({
    query,
    variables: { filter: { messageIds: [encodeId("Message", id)] } },
  }));
  const clients = new Clients(closers);
  const options = { init: server.client.headers, greets: true, unit: 1 };
  await clients.open(`${server.url.replace("http", "ws")}/graphql`, subscriptions, options);
  // Each is the report of another part: of a repeated one only the first few become events.
  const bodies = (count: number, firstPart: number): string[] =>
    Array.from({ length: count }, (_, place) =>
      callbackBody(ids[place % ids.length] ?? "", {
        part: firstPart + Math.floor(place / ids.length),
        parts: 255,
      }),
    );
  progress("warming up");
  await clients.post(server.callbackUrl, bodies(subscribers, 1), perSecond);
  progress(`posting ${perSecond} callbacks/s for ${seconds} s`);
  const cpu = process.cpuUsage();
  const result = await clients.post(server.callbackUrl, bodies(perSecond * seconds, 2), perSecond);
  const { user, system } = process.cpuUsage(cpu);
  return { ...result, processor: (user + system) / perSecond / seconds };
}

async function sampleOneByOne(
  count: number,
  closers: Closers,
  progress: (line: string) => void,
): Promise<Sample[]> {
  const measure = await prepare(closers);
  const samples: Sample[] = [];
  progress(`${count} callbacks, one at a time`);
  for (let done = -warmUps; done < count; done++) {
    const sample = await measure();
    if (done >= 0) samples.push(sample);
  }
  return samples;
}

async function prepare(closers: Closers): Promise<() => Promise<Sample>> {
  const commits: { last: number } = { last: 0 };
  const server = await startServer(closers, {
    onStatement: (text) => {
      if (text === "commit") commits.last = performance.now();
    },
  });
  const { client, callbackUrl, databaseUrl } = server;
  const nextArrival = await subscribe(client, closers);
  const notify = await openNotify(databaseUrl, closers);
  const message = await openSocket(closers);
  return async () => {
    const [messageId = ""] = await sendMessages(server, 1);
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

function callbackBody(messageId: string, { part, parts } = { part: 1, parts: 1 }): string {
  const update = {
    message_id: randomUUID(),
    status: "DELIVRD",
    client_ref: messageId,
    part,
    total_parts: parts,
  };
  return JSON.stringify({ update });
}

async function postCallback(url: string, messageId: string): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: callbackBody(messageId),
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
