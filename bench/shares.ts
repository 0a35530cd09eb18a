import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import { newKey, scopes, storeKey } from "../src/access/api-keys.ts";
import { openDatabase } from "../src/database/database.ts";
import { encodeId } from "../src/lib/global-id.ts";
import { GraphqlClient } from "../test/support/graphql-client.ts";
import { p99Of, type Benchmark, type Finding } from "./support/benchmark.ts";
import { fillMessages } from "./support/fill.ts";
import { Load } from "./support/load.ts";
import { startServerProcess, type ServerProcess } from "./support/server-process.ts";

const megabytes = (bytes: number): number => bytes / 2 ** 20;

export const benchmark: Benchmark = {
  name: "shares",
  about:
    "What one caller costs the others: 2,000 operations at once on one socket, beside another account's message(id), and " +
    "a hundred sockets that never say who they are.",
  async run({ closers, isShort, progress, rounds, secondsPerRound }) {
    const server = await startServerProcess(closers);
    const { accountId, providerId, database, client } = server;
    await fillMessages(database, { accountId, providerId, messages: 2_000, eventsEach: 5 });
    const { other, id: otherId } = await newAccount(server);
    const { ids } = await fillMessages(database, {
      accountId: otherId,
      providerId,
      messages: 100,
      eventsEach: 5,
    });
    const pages = Array.from({ length: isShort ? 200 : 2_000 }, () => page);
    const one = query(encodeId("Message", ids[0] ?? ""));
    // The other account asks from a process of its own: this one has all the answers of the caller to read.
    const load = new Load(closers);
    const side = { url: `${other.url}/graphql`, headers: other.headers, bodies: [one], connections: 1 };
    const measure = async (seconds: number): Promise<number> =>
      p99Of((await load.run({ ...side, seconds })).latencies);
    // Warm: code, statements and the memory that they keep.
    await ask(client, pages.slice(0, 500));
    await measure(1);
    const [quiet, busy, growth, strangers, left]: number[][] = [[], [], [], [], []];
    for (let round = 1; round <= rounds; round++) {
      await pause(2_000);
      quiet?.push(await measure(secondsPerRound));
      const before = server.residentBytes();
      const peak = watchPeak(server);
      const over = new AbortController();
      const measured = measure(secondsPerRound).finally(() => over.abort());
      const total = { done: 0, refused: 0 };
      while (!over.signal.aborted) {
        const { done, refused } = await ask(client, pages);
        total.done += done;
        total.refused += refused;
      }
      busy?.push(await measured);
      growth?.push(megabytes(peak() - before));
      progress(`round ${round}: ${total.done} answered, ${total.refused} refused`);
    }
    for (let round = 1; round <= rounds; round++) {
      await pause(1_000);
      const before = server.residentBytes();
      const peak = watchPeak(server);
      const sockets = openStrangers(client.url);
      await pause(10_000);
      strangers?.push(megabytes(peak() - before));
      left?.push(sockets.filter(({ closed }) => !closed).length);
      for (const socket of sockets) socket.destroy();
    }
    const findings: Finding[] = [
      {
        what: "memory that 2,000 pages asked for at once add",
        unit: "MB",
        ours: growth ?? [],
        target: { atMost: 150 },
      },
      {
        what: "p99 of another account's message(id) meanwhile",
        unit: "ms",
        ours: busy ?? [],
        beside: { name: "quiet", rounds: quiet ?? [] },
        target: { atMost: 2 },
      },
      {
        what: "memory of 100 sockets without a key",
        unit: "MB",
        ours: strangers ?? [],
        target: { atMost: 20 },
      },
      { what: "of them open after 10 s", unit: "times", ours: left ?? [], target: { atMost: 0 } },
    ];
    return findings;
  },
};

const page = `{ messages(first: 100) { edges { node { id to text status createdAt provider { name }
  events(first: 5) { edges { node { id status source } } } } } } }`;

const query = (id: string): string =>
  JSON.stringify({
    query: "query ($id: ID!) { message(id: $id) { id to text status createdAt } }",
    variables: { id },
  });

/** All at once on one socket; how many were answered, and how many refused with a code. */
async function ask(
  client: GraphqlClient,
  queries: readonly string[],
): Promise<{ done: number; refused: number }> {
  const socket = new WebSocket(`${client.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "connection_init", payload: client.headers }));
  await once(socket, "message");
  const ended = Promise.withResolvers<void>();
  let [done, refused] = [0, 0];
  socket.on("message", (data: Buffer) => {
    const text = data.toString("utf8", 0, 300);
    if (text.includes('"type":"complete"')) return;
    if (text.includes('"TOO_MANY_REQUESTS"')) refused++;
    else done++;
    if (done + refused === queries.length) ended.resolve();
  });
  for (const [id, one] of queries.entries())
    socket.send(JSON.stringify({ type: "subscribe", id: String(id), payload: { query: one } }));
  await ended.promise;
  socket.close();
  return { done, refused };
}

/** Gives the most that the process had resident since. */
function watchPeak(server: ServerProcess): () => number {
  let most = server.residentBytes();
  const look = (): void => void (most = Math.max(most, server.residentBytes()));
  const timer = setInterval(look, 250);
  return () => {
    clearInterval(timer);
    look();
    return most;
  };
}

async function newAccount({
  databaseUrl,
  client,
}: ServerProcess): Promise<{ other: GraphqlClient; id: string }> {
  const database = openDatabase(databaseUrl, { poolSize: 1 });
  const id = crypto.randomUUID();
  await database.prisma.account.create({ data: { id, name: "Other" } });
  const key = newKey();
  await storeKey(database, key, { accountId: id, name: "other", granted: scopes });
  await database.close();
  return { other: new GraphqlClient(client.url, key), id };
}

const upgrade = `GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
sec-websocket-version: 13\r\nsec-websocket-key: ${btoa("x".repeat(16))}\r\n\
sec-websocket-protocol: graphql-transport-ws\r\n\r\n`;
const body = "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 65000\r\n\r\n";

/** Half of them WebSockets with most of a message, half requests with most of a body. */
function openStrangers(url: string): Socket[] {
  const frame = Buffer.alloc(14);
  frame.set([0x81, 0xff]);
  frame.writeBigUInt64BE(BigInt(28 * 2 ** 20), 2);
  return Array.from({ length: 100 }, (_, index) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1").on("error", () => undefined);
    if (index % 2 === 0)
      socket.write(Buffer.concat([Buffer.from(upgrade), frame, Buffer.alloc(60_000, "x")]));
    else socket.write(body + " ".repeat(60_000));
    return socket.resume();
  });
}
