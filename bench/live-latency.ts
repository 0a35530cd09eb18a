import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { Client } from "pg";
import { WebSocket, WebSocketServer } from "ws";
import { encodeId } from "../src/lib/global-id.ts";
import type { GraphqlClient } from "../test/support/graphql-client.ts";
import { Clients } from "./support/clients.ts";
import {
  progress,
  quantile,
  sendMessages,
  startServer,
  wholeNumber,
  withClosers,
  type Closers,
} from "./support/server.ts";

const helpText = `How long after a callback its event is on a subscriber's socket.

Usage: npm run bench:latency [-- --samples=1000 --per-second=2000 --seconds=10 --subscribers=1000]

One at a time:

Starts an embedded PostgreSQL and one API process, subscribes to messageEvents over a WebSocket, and posts one
callback after the other. Between them it measures what no implementation could beat: a NOTIFY from one connection
to another, and one message from a WebSocket server to its client, here in the same process.

Under load: a process of its own opens so many subscribers, each of which watches its own message, and posts callbacks
at a steady rate, whatever the answers take. It measures from sending a callback to the frame on that message's
subscriber, by one clock.
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

const { values } = parseArgs({
  options: {
    samples: { type: "string", default: "1000" },
    "per-second": { type: "string", default: "2000" },
    seconds: { type: "string", default: "10" },
    subscribers: { type: "string", default: "1000" },
    help: { type: "boolean", short: "h" },
  },
});
const option = (name: "samples" | "per-second" | "seconds" | "subscribers"): number =>
  wholeNumber(name, values[name]);
if (values.help) process.stdout.write(helpText);
else {
  await run(option("samples"));
  await runUnderLoad(option("subscribers"), option("per-second"), option("seconds"));
}

async function runUnderLoad(subscribers: number, perSecond: number, seconds: number): Promise<void> {
  await withClosers(async (closers) => {
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
    const bodies = (count: number): string[] =>
      Array.from({ length: count }, (_, place) => callbackBody(ids[place % ids.length] ?? ""));
    progress("warming up");
    await clients.post(server.callbackUrl, bodies(subscribers), perSecond);
    progress(`posting ${perSecond} callbacks/s for ${seconds} s`);
    const cpu = process.cpuUsage();
    const result = await clients.post(server.callbackUrl, bodies(perSecond * seconds), perSecond);
    const { user, system } = process.cpuUsage(cpu);
    process.stdout.write(
      `\n${subscribers} subscribers, each with its own message, ${Math.round(result.perSecond)} callbacks/s, milliseconds\n` +
        `callback sent -> its subscriber's socket  ${show(result.latencies)}\n` +
        `server's processor time per callback      ${((user + system) / perSecond / seconds).toFixed(0)} us\n` +
        `missing                                   ${result.missing}\n`,
    );
  });
}

async function run(count: number): Promise<void> {
  await withClosers(async (closers) => {
    const measure = await prepare(closers);
    const samples: Sample[] = [];
    progress(`${count} callbacks, one at a time`);
    for (let done = -warmUps; done < count; done++) {
      const sample = await measure();
      if (done >= 0) samples.push(sample);
    }
    process.stdout.write(report(samples));
  });
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

function callbackBody(messageId: string): string {
  const update = {
    message_id: randomUUID(),
    status: "DELIVRD",
    client_ref: messageId,
    part: 1,
    total_parts: 1,
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
