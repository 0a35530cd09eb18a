import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { encodeId } from "../src/lib/global-id.ts";
import { Clients } from "./support/clients.ts";
import { freePort, startProcess } from "../test/support/process.ts";
import {
  progress,
  sendMessages,
  startServer,
  wholeNumber,
  withClosers,
  type BenchServer,
  type Closers,
} from "./support/server.ts";

const helpText = `What subscriptions cost in memory while nothing happens.

Usage: npm run bench:idle [-- --count=10000] [--same]

Starts an embedded PostgreSQL and one API process, and opens so many WebSockets with one subscription each, from a
process of their own: each watches a message of its own, or with --same all watch the same thing. Prints the resident
memory of the API process before, when the last is open, and when they have been idle for a minute: what was needed only
to open them is garbage until then.
`;

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    same: { type: "boolean", default: false },
    help: { type: "boolean", short: "h" },
  },
});
const subscription = `subscription ($filter: MessageEventFilter) {
  messageEvents(filter: $filter) {
    ... on MessageEventBatch { cursor events { id version } }
    ... on CaughtUp { cursor }
  }
}`;

if (values.help) process.stdout.write(helpText);
else await run(wholeNumber("count", values.count), values.same);

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}

async function run(count: number, same: boolean): Promise<void> {
  await withClosers(async (closers) => {
    const helper = await startServer(closers);
    const ids = same ? [] : await sendMessages(helper, count);
    const url = await startApi(helper, closers);
    const subscriptions = Array.from({ length: count }, (_, place) => ({
      query: subscription,
      variables: same ? {} : { filter: { messageIds: [encodeId("Message", ids[place] ?? "")] } },
    }));
    const clients = new Clients(closers);
    const before = await read(url, "process_resident_memory_bytes");
    progress(`opening ${count} subscriptions`);
    const started = performance.now();
    const options = { init: helper.client.headers, greets: true, unit: 1 };
    await clients.open(`${url.replace("http", "ws")}/graphql`, subscriptions, options);
    const seconds = (performance.now() - started) / 1000;
    const waiting = await read(url, "smsgraph_waiting_readers");
    if (waiting !== count) throw new Error(`${waiting} of ${count} subscriptions wait for events`);
    const opened = await read(url, "process_resident_memory_bytes");
    progress("a minute of silence");
    await pause(60_000);
    const after = await read(url, "process_resident_memory_bytes");
    const heap = await read(url, "nodejs_heap_size_used_bytes");
    process.stdout.write(
      `${count} idle subscriptions, a socket each, opened in ${seconds.toFixed(1)} s\n` +
        `resident memory  ${megabytes(after)} MB (before: ${megabytes(before)} MB, ` +
        `as the last was opened: ${megabytes(opened)} MB)\n` +
        `heap in use      ${megabytes(heap)} MB\n` +
        `each             ${((after - before) / count / 1024).toFixed(1)} KB\n`,
    );
  });
}

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
