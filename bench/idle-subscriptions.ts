import { setTimeout as pause } from "node:timers/promises";
import { encodeId } from "../src/lib/global-id.ts";
import { type Benchmark } from "./support/benchmark.ts";
import { Clients } from "./support/clients.ts";
import { freePort, startProcess } from "../test/support/process.ts";
import { sendMessages, startServer, type BenchServer, type Closers } from "./support/server.ts";

const subscription = `subscription ($filter: MessageEventFilter) {
  messageEvents(filter: $filter) {
    ... on MessageEventBatch { cursor events { id version } }
    ... on CaughtUp { cursor }
  }
}`;

const megabytes = (bytes: number): number => bytes / 2 ** 20;

export const benchmark: Benchmark = {
  name: "idle",
  about:
    "What subscriptions, a socket each and each watching another message, cost in memory while nothing happens.",
  async run({ closers, isShort, progress }) {
    const count = isShort ? 1_000 : 10_000;
    const helper = await startServer(closers);
    const ids = await sendMessages(helper, count);
    const url = await startApi(helper, closers);
    const subscriptions = ids.map((id) => ({
      query: subscription,
      variables: { filter: { messageIds: [encodeId("Message", id)] } },
    }));
    const clients = new Clients(closers);
    const before = await read(url, "process_resident_memory_bytes");
    progress(`opening ${count} subscriptions`);
    const options = { init: helper.client.headers, greets: true, unit: 1 };
    await clients.open(`${url.replace("http", "ws")}/graphql`, subscriptions, options);
    const waiting = await read(url, "smsgraph_waiting_readers");
    if (waiting !== count) throw new Error(`${waiting} of ${count} subscriptions wait for events`);
    const opened = await read(url, "process_resident_memory_bytes");
    progress("a minute of silence");
    await pause(60_000);
    const after = await read(url, "process_resident_memory_bytes");
    return [
      { what: "resident before", unit: "MB", ours: [megabytes(before)] },
      {
        what: `resident with ${count} idle subscriptions`,
        unit: "MB",
        ours: [megabytes(after)],
        peakMegabytes: megabytes(opened),
      },
      { what: "each", unit: "KB", ours: [(after - before) / count / 1024], target: { atMost: 16 } },
    ];
  },
};

/** A process of its own, so that it holds nothing but what it serves. */
async function startApi(helper: BenchServer, closers: Closers): Promise<string> {
  const api = startProcess({
    DATABASE_URL: helper.databaseUrl,
    SECRET_KEY: Buffer.from(helper.secretKey).toString("base64"),
    DEVELOPMENT_KEY: "the-key-of-nobody",
    PORT: String(await freePort()),
    ROLE: "api",
    SANDBOX: "false",
    LOG_LEVEL: "warn",
  });
  closers.push(() => api.end("SIGKILL"));
  await api.ready;
  return api.url();
}

/** A figure that the process tells of itself. */
async function read(url: string, metric: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${metric} (\\S+)$`, "m").exec(text)?.[1]);
}
