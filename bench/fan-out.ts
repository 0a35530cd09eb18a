import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { createPubSub, createSchema } from "graphql-yoga";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import { median, peakMegabytes, type Benchmark } from "./support/benchmark.ts";
import { Clients, type Subscription } from "./support/clients.ts";
import { progress, sendMessages, startServer, withClosers, type Closers } from "./support/server.ts";

const eventsInRound = 10;
const roundsUnderWay = 12;

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

export const benchmark: Benchmark = {
  name: "fan-out",
  about:
    "One stream of events to many sockets. The limit: the very bytes from bare ws; the peer: the same events from Yoga's " +
    "pub/sub through graphql-ws, executed for each socket.",
  async run({ closers, rounds, isShort }) {
    const clients = new Clients(closers);
    const subscriptions = Array.from({ length: isShort ? 100 : 1_000 }, () => ({ query }));
    const [transactions, plainTransactions] = isShort ? [30, 10] : [300, 60];
    const all: { ours: Result; bare: Result; plain: Result }[] = [];
    for (let round = 0; round < rounds; round++) {
      await withClosers(async (own) => {
        const ours = await measureOurs(clients, subscriptions, transactions, own);
        const bare = await measureBare(clients, subscriptions, ours.frames, own);
        const frames = ours.frames.slice(0, plainTransactions);
        all.push({ ours, bare, plain: await measurePlain(clients, subscriptions, frames, own) });
      });
    }
    const rates = (key: "ours" | "bare" | "plain"): number[] =>
      all.map((round) => round[key].messages / round[key].seconds);
    const [what, unit, ours] = [`to ${subscriptions.length} sockets`, "messages/s", rates("ours")] as const;
    return [
      {
        what,
        unit,
        ours,
        beside: { name: "bare ws", rounds: rates("bare") },
        target: { atLeast: 0.6 },
        processorMicroseconds: median(
          all.map((round) => (round.ours.cpuSeconds / round.ours.messages) * 1e6),
        ),
        peakMegabytes: peakMegabytes(),
      },
      {
        what,
        unit,
        ours,
        beside: { name: "plain graphql-ws", rounds: rates("plain") },
        target: { atLeast: 3 },
      },
    ];
  },
};

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
