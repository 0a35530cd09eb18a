import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createPubSub, createSchema } from "graphql-yoga";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import { Clients, type Subscription } from "./support/clients.ts";
import {
  progress,
  sendMessages,
  startServer,
  wholeNumber,
  withClosers,
  type Closers,
} from "./support/server.ts";

const helpText = `One stream of events to many sockets.

Usage: npm run bench:fan-out [-- --sockets=1000 --rounds=300 --times=5]

Three servers in turn, the first two several times, each in this process, with all sockets in a process of their own:
  smsgraph           messageEvents from PostgreSQL, written by a third process
  bare ws            the very bytes that smsgraph sent, from a bare WebSocket server: the limit
  plain graphql-ws   the same events from Yoga's pub/sub through graphql-ws, executed for each socket
A round is one transaction of ten events. Twelve rounds are under way at a time: the next begins when every socket has had
one. The processor time is the server process's own; for smsgraph it includes reading the database.
`;

const eventsInRound = 10;
const roundsUnderWay = 12;

const { values } = parseArgs({
  options: {
    sockets: { type: "string", default: "1000" },
    rounds: { type: "string", default: "300" },
    times: { type: "string", default: "5" },
    help: { type: "boolean", short: "h" },
  },
});

const query = `subscription {
  messageEvents {
    __typename
    ... on MessageEventBatch { cursor events { id status version occurredAt } }
    ... on CaughtUp { cursor }
  }
}`;

interface Result {
  name: string;
  messages: number;
  seconds: number;
  cpuSeconds: number;
}

if (values.help) process.stdout.write(helpText);
else
  await run(
    wholeNumber("sockets", values.sockets),
    wholeNumber("rounds", values.rounds),
    wholeNumber("times", values.times),
  );

function ratioOf(ours: Result, bare: Result): number {
  return ours.messages / ours.seconds / (bare.messages / bare.seconds);
}

async function run(sockets: number, rounds: number, times: number): Promise<void> {
  await withClosers(async (closers) => {
    const clients = new Clients(closers);
    const subscriptions = Array.from({ length: sockets }, () => ({ query }));
    // One after the other, and more than once: the machine has its moments.
    const pairs: { ours: Result & { frames: string[] }; bare: Result }[] = [];
    for (let time = 0; time < times; time++) {
      const pair = await withClosers(async (own) => {
        const ours = await measureOurs(clients, subscriptions, rounds, own);
        return { ours, bare: await measureBare(clients, subscriptions, ours.frames, own) };
      });
      pairs.push(pair);
    }
    const ratios = pairs.map(({ ours, bare }) => ratioOf(ours, bare).toFixed(2)).join(", ");
    process.stdout.write(`of bare ws, time by time: ${ratios}; the median:\n`);
    const ordered = pairs.toSorted(
      (one, other) => ratioOf(one.ours, one.bare) - ratioOf(other.ours, other.bare),
    );
    const { ours, bare } = ordered[times >> 1] as (typeof ordered)[number];
    const plain = await measurePlain(clients, subscriptions, ours.frames, closers);
    process.stdout.write(report(sockets, [ours, bare, plain]));
  });
}

/** Runs rounds, some at a time, until every socket has had them all. */
async function inRounds(
  clients: Clients,
  rounds: number,
  begin: (round: number) => void,
): Promise<Omit<Result, "name" | "messages">> {
  const done = Promise.withResolvers<void>();
  let begun = 0;
  const next = (): void => {
    if (begun < rounds) begin(begun++);
  };
  const stop = clients.onReached((units) => {
    if (units === rounds) done.resolve();
    else next();
  });
  const started = performance.now();
  const cpu = process.cpuUsage();
  for (let ahead = 0; ahead < roundsUnderWay; ahead++) next();
  await done.promise;
  const { user, system } = process.cpuUsage(cpu);
  stop();
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 };
}

async function measureOurs(
  clients: Clients,
  subscriptions: Subscription[],
  rounds: number,
  closers: Closers,
): Promise<Result & { frames: string[] }> {
  const server = await startServer(closers);
  const ids = await sendMessages(server, eventsInRound);
  const writer = fork(fileURLToPath(new URL("support/writer-process.ts", import.meta.url)), [
    server.databaseUrl,
  ]);
  closers.push(() => writer.kill());
  const init = server.client.headers;
  await clients.open(`${server.url.replace("http", "ws")}/graphql`, subscriptions, {
    init,
    greets: true,
    unit: eventsInRound,
  });
  progress("smsgraph");
  const times = await inRounds(clients, rounds, () => void writer.send(ids));
  const frames = await clients.close();
  return { name: "smsgraph", messages: frames.length * subscriptions.length, frames, ...times };
}

async function measureBare(
  clients: Clients,
  subscriptions: Subscription[],
  frames: string[],
  closers: Closers,
): Promise<Result> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  closers.push(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await clients.open(`ws://127.0.0.1:${port}`, subscriptions, {
    init: null,
    greets: false,
    unit: eventsInRound,
  });
  progress("bare ws");
  const buffers = frames.map((frame) => Buffer.from(frame));
  const times = await inRoundsOf(clients, frames, (place) => {
    for (const socket of server.clients) socket.send(buffers[place] ?? "", { binary: false });
  });
  await clients.close();
  return { name: "bare ws", messages: frames.length * subscriptions.length, ...times };
}

/** The frames that were measured may hold several rounds each: begins one where as many rounds are wanted. */
async function inRoundsOf(
  clients: Clients,
  frames: string[],
  send: (place: number) => void,
): Promise<Omit<Result, "name" | "messages">> {
  const sizes = frames.map((frame) => (frame.split('"version":').length - 1) / eventsInRound);
  const rounds = sizes.reduce((sum, size) => sum + size, 0);
  let [wanted, sent, place] = [0, 0, 0];
  return inRounds(clients, rounds, () => {
    wanted++;
    for (; sent < wanted && place < frames.length; place++) {
      send(place);
      sent += sizes[place] ?? 0;
    }
  });
}

interface PlainBatch {
  cursor: string;
  events: unknown[];
}

async function measurePlain(
  clients: Clients,
  subscriptions: Subscription[],
  frames: string[],
  closers: Closers,
): Promise<Result> {
  const pubSub = createPubSub<{ batch: [PlainBatch] }>();
  let subscribers = 0;
  const schema = createSchema({
    typeDefs: `
      type Query { _: Boolean }
      type MessageEvent { id: ID! status: String! version: Int! occurredAt: String! }
      type MessageEventBatch { cursor: String! events: [MessageEvent!]! }
      type CaughtUp { cursor: String! }
      union MessageEventFrame = MessageEventBatch | CaughtUp
      type Subscription { messageEvents: MessageEventFrame! }`,
    resolvers: {
      Subscription: {
        messageEvents: {
          subscribe: () => {
            subscribers++;
            return pubSub.subscribe("batch");
          },
          resolve: (batch: PlainBatch) => ({ __typename: "MessageEventBatch", ...batch }),
        },
      },
    },
  });
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, path: "/graphql" });
  const { dispose } = useServer({ schema }, sockets);
  closers.push(() => http.close(), dispose);
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  await clients.open(`ws://127.0.0.1:${port}/graphql`, subscriptions, {
    init: {},
    greets: false,
    unit: eventsInRound,
  });
  while (subscribers < subscriptions.length) await new Promise(setImmediate);
  // The last of them are being registered.
  await new Promise((done) => setTimeout(done, 500));
  progress("plain graphql-ws");
  const batches = frames.map((frame) => JSON.parse(frame).payload.data.messageEvents as PlainBatch);
  const times = await inRoundsOf(clients, frames, (place) => {
    const batch = batches[place];
    if (batch) pubSub.publish("batch", batch);
  });
  await clients.close();
  return { name: "plain graphql-ws", messages: frames.length * subscriptions.length, ...times };
}

function report(sockets: number, results: Result[]): string {
  const [ours = 0, bare = 1, plain = 1] = results.map(({ messages, seconds }) => messages / seconds);
  const [ourCpu = 1, bareCpu = 1, plainCpu = 1] = results.map(
    ({ messages, cpuSeconds }) => cpuSeconds / messages,
  );
  const lines = results.map(
    ({ name, messages, seconds, cpuSeconds }) =>
      `${name.padEnd(18)}${Math.round(messages / seconds)
        .toString()
        .padStart(9)} messages/s  ` +
      `${((cpuSeconds / messages) * 1e6).toFixed(1).padStart(6)} us of processor time each`,
  );
  return (
    `${results[0]?.messages} messages to ${sockets} sockets\n${lines.join("\n")}\n\n` +
    `of bare ws: ${(ours / bare).toFixed(2)} (processor time: ${(bareCpu / ourCpu).toFixed(2)}); ` +
    `of plain graphql-ws: ${(ours / plain).toFixed(1)} times (processor time: ${(plainCpu / ourCpu).toFixed(1)})\n`
  );
}
