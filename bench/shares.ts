import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { newKey } from "../src/access/api-keys.ts";
import { scopes } from "../src/access/scopes.ts";
import { storeKey } from "../src/access/store-key.ts";
import { openDatabase } from "../src/database/database.ts";
import { encodeId } from "../src/lib/global-id.ts";
import { GraphqlClient } from "../test/support/graphql-client.ts";
import { p99Of, type Benchmark, type Finding } from "./support/benchmark.ts";
import { fillMessages } from "./support/fill.ts";
import { Flood } from "./support/flood.ts";
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
    const { url, headers } = client;
    const pages = { url, headers, query: page, operations: isShort ? 200 : 2_000 };
    const one = query(encodeId("Message", ids[0] ?? ""));
    // The caller and the other account ask from a process of their own each.
    const [load, flood] = [new Load(closers), new Flood(closers)];
    const side = { url: `${other.url}/graphql`, headers: other.headers, bodies: [one], connections: 1 };
    const measure = async (seconds: number): Promise<number> =>
      p99Of((await load.run({ ...side, seconds })).latencies);
    // Warm: code, statements and the memory that they keep.
    await flood.once({ ...pages, operations: 500 });
    await measure(1);
    const [quiet, busy, growth, strangers, left]: number[][] = [[], [], [], [], []];
    for (let round = 1; round <= rounds; round++) {
      await pause(2_000);
      quiet?.push(await measure(secondsPerRound));
      const before = server.residentBytes();
      const peak = watchPeak(server);
      const end = flood.start(pages);
      busy?.push(await measure(secondsPerRound));
      const { done, refused } = await end();
      growth?.push(megabytes(peak() - before));
      progress(`round ${round}: ${done} answered, ${refused} refused`);
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
