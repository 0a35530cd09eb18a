import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { Agent } from "undici";
import { WebSocket } from "ws";
import type { Order, Report } from "./clients.ts";

/** The other end of `Clients`: takes orders from the benchmark and reports. */

type Open = Extract<Order, { kind: "open" }>;
type Post = Extract<Order, { kind: "post" }>;

interface Client {
  socket: WebSocket;
  events: number;
  /** When what it waits for was posted. */
  posted: number[];
}

const connectAtOnce = 50;
const postConnections = 64;
/** How long the last events of a run may take. */
const patienceMs = 10_000;
/** What occurs once in each event, whatever else is asked for. */
const mark = Buffer.from('"version":');

let clients: Client[] = [];
let firstSocket: string[] = [];
let unit = 1;
let reached: number[] = [];
let latencies: number[] = [];

const tell = (report: Report): void => void process.send?.(report);

process.on("message", (order: Order) => {
  if (order.kind === "open") void open(order).then(() => tell({ kind: "opened" }));
  else if (order.kind === "post") void post(order).then(tell);
  else void close().then(tell);
});
process.on("disconnect", () => process.exit());

async function open(order: Open): Promise<void> {
  ({ unit } = order);
  [firstSocket, reached, latencies] = [[], [], []];
  clients = [];
  const places = [...order.subscriptions.keys()];
  const connectNext = async (): Promise<void> => {
    for (let place = places.shift(); place !== undefined; place = places.shift()) {
      clients[place] = await connect(order, place);
    }
  };
  await Promise.all(Array.from({ length: connectAtOnce }, connectNext));
}

async function connect({ url, subscriptions, init, greets }: Open, place: number): Promise<Client> {
  const socket = new WebSocket(url, init ? "graphql-transport-ws" : []);
  const client: Client = { socket, events: 0, posted: [] };
  await once(socket, "open");
  if (init) {
    socket.send(JSON.stringify({ type: "connection_init", payload: init }));
    await once(socket, "message");
    socket.send(JSON.stringify({ id: randomUUID(), type: "subscribe", payload: subscriptions[place] }));
    if (greets) await once(socket, "message");
  }
  socket.on("message", (data: Buffer) => {
    if (place === 0) firstSocket.push(data.toString("utf8"));
    receive(client, data);
  });
  socket.on("close", (code) => {
    if (code !== 1005 && code !== 1000) throw new Error(`A socket was closed with ${code}`);
  });
  return client;
}

function receive(client: Client, data: Buffer): void {
  const now = performance.now();
  for (let at = data.indexOf(mark); at >= 0; at = data.indexOf(mark, at + mark.length)) {
    const posted = client.posted.shift();
    if (posted !== undefined) latencies.push(now - posted);
    if (++client.events % unit > 0) continue;
    const units = client.events / unit;
    reached[units] = (reached[units] ?? 0) + 1;
    if (reached[units] === clients.length) tell({ kind: "reached", units });
  }
}

/** At a steady rate, whatever the answers take: a slow server does not slow its load down. */
async function post({ url, bodies, perSecond }: Post): Promise<Report> {
  const agent = new Agent({ connections: postConnections, pipelining: 1 });
  const answers: Promise<void>[] = [];
  latencies = [];
  const start = performance.now();
  for (let next = 0; next < bodies.length;) {
    const due = ((performance.now() - start) * perSecond) / 1000;
    for (; next < Math.min(due, bodies.length); next++) {
      clients[next % clients.length]?.posted.push(performance.now());
      answers.push(postOne(agent, url, bodies[next] ?? ""));
    }
    await pause(1);
  }
  await Promise.all(answers);
  const seconds = (performance.now() - start) / 1000;
  const deadline = performance.now() + patienceMs;
  while (latencies.length < bodies.length && performance.now() < deadline) await pause(10);
  await agent.close();
  const missing = bodies.length - latencies.length;
  return { kind: "posted", latencies, perSecond: bodies.length / seconds, missing };
}

async function postOne(agent: Agent, url: string, body: string): Promise<void> {
  const { origin, pathname } = new URL(url);
  const headers = { "content-type": "application/json" };
  const answer = await agent.request({ origin, path: pathname, method: "POST", headers, body });
  await answer.body.dump();
  if (answer.statusCode !== 200) throw new Error(`A callback was answered with ${answer.statusCode}`);
}

async function close(): Promise<Report> {
  const closed = clients.map(({ socket }) => once(socket, "close"));
  for (const { socket } of clients) socket.close();
  await Promise.all(closed);
  return { kind: "closed", firstSocket };
}
