import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { decodeId } from "../src/lib/global-id.ts";
import { freePort, startProcess } from "../test/support/process.ts";
import { storeWaiting } from "./receipts.ts";
import type { Benchmark, BenchRun, Finding } from "./support/benchmark.ts";
import {
  deliveriesInHour,
  deliveriesOfCampaign,
  heapOf,
  openConsole,
  settle,
  takeLongTasks,
  type ConsolePage,
} from "./support/console-page.ts";
import { streamReports } from "./support/report-stream.ts";
import type { Closers } from "./support/server.ts";
import { startServerProcess, type ServerProcess } from "./support/server-process.ts";

const campaignSize = 100_000;
/** Slow enough that it still runs at the end. Each makes four events meanwhile: handed over, accepted, sent, delivered. */
const campaignPerSecond = 60;
/** Each is an event. They come for messages that wait for them, as those of other senders at the same provider. */
const reportsPerSecond = 1_900;
const reportsInRequest = 100;
const target = 2_000;

export const benchmark: Benchmark = {
  name: "console",
  about:
    "One open console: what it loads first, what it costs the server while nothing happens, and its overview while a campaign of " +
    "100,000 runs and receipts come to 2,000 events a second. Its heap is read after a collection, early and late; what it shows " +
    "at the end is compared with the table.",
  async run({ closers, isShort, progress }) {
    const server = await startServerProcess(closers);
    await startWorker(server, closers);
    await connectSandbox(server, closers);
    const seconds = isShort ? 20 : 300;
    progress("messages are stored that wait for their receipts");
    const waiting = await storeMessages(server, (seconds * reportsPerSecond) / 2);
    const console = await openConsole(server, closers);
    const loadedBytes = console.loadedBytes();
    progress("nothing happens");
    const idleShare = await idle(server, console, Math.min(seconds, 45));
    return [
      { what: "loaded first, compressed", unit: "KB", ours: [loadedBytes / 1000], target: { atMost: 250 } },
      {
        what: "server's processor time a second with an open console, less without it",
        unit: "ms",
        ours: [idleShare * 1000],
        target: { atMost: 10 },
      },
      ...(await watch({ server, console, waiting, seconds, closers, progress })),
    ];
  },
};

/** What sends is a process of its own: a server that shows pages has others beside it where so much happens. */
async function startWorker(
  { databaseUrl, client, environment }: ServerProcess,
  closers: Closers,
): Promise<void> {
  const worker = startProcess({
    ...environment,
    DATABASE_URL: databaseUrl,
    ROLE: "worker",
    PUBLIC_URL: client.url,
  });
  closers.push(() => worker.end("SIGTERM"));
  await worker.ready;
}

const sandboxProcess = fileURLToPath(new URL("../src/sandbox/main.ts", import.meta.url));

/** What plays the provider is a process too, so that it takes no time from what drives the browser. */
async function connectSandbox({ client }: ServerProcess, closers: Closers): Promise<void> {
  const [port, token] = [await freePort(), randomUUID()];
  const options = ["--provider", "tikosms", "--port", String(port), "--token", token, "--immediate"];
  const sandbox = spawn(process.execPath, [sandboxProcess, ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  closers.push(() => {
    sandbox.kill();
    return once(sandbox, "close");
  });
  await once(sandbox.stdout, "data");
  // Its log is not read further.
  sandbox.stdout.resume();
  await client.data(
    `mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ... on Provider { id } } }`,
    {
      input: {
        tikosms: {
          name: "Sandbox",
          apiToken: token,
          baseUrl: `http://127.0.0.1:${port}`,
          defaultSender: "smsgraph",
          priority: 1,
        },
      },
    },
  );
}

/** Processor seconds a second that the server takes more with the page than without it. */
async function idle(server: ServerProcess, { page }: ConsolePage, seconds: number): Promise<number> {
  const withPage = await shareOf(server, seconds);
  const url = page.url();
  await page.goto("about:blank");
  await pause(10_000);
  const without = await shareOf(server, seconds);
  await page.goto(url);
  return withPage - without;
}

async function shareOf(server: ServerProcess, seconds: number): Promise<number> {
  const before = await server.processorSeconds();
  await pause(seconds * 1000);
  return ((await server.processorSeconds()) - before) / seconds;
}

/** Messages at a provider that posts a hundred reports in a request. */
async function storeMessages(server: ServerProcess, wanted: number): Promise<Waiting> {
  const { provider } = await server.client.data<{ provider: { id: string; callbackUrl: string } }>(
    `mutation {
      provider: connectProvider(input: {
        qikli: { name: "Reports", username: "none", password: "none", baseUrl: "https://127.0.0.1", defaultSender: "bench" }
      }) { ... on Provider { id callbackUrl } }
    }`,
  );
  const stored = await storeWaiting(server, decodeId("Provider", provider.id), wanted);
  return {
    callbackUrl: provider.callbackUrl,
    providerMessageIds: stored.map(({ providerMessageId }) => providerMessageId),
  };
}

interface Waiting {
  callbackUrl: string;
  providerMessageIds: string[];
}

interface Watched {
  server: ServerProcess;
  console: ConsolePage;
  waiting: Waiting;
  seconds: number;
  closers: Closers;
  progress: BenchRun["progress"];
}

async function watch(watched: Watched): Promise<Finding[]> {
  const { server, console, waiting, seconds, closers, progress } = watched;
  const { page } = console;
  progress("a campaign is made");
  await settle(page);
  const campaignId = await startCampaign(server, campaignSize);
  await until(async () => (await count(server, "messages where campaign_id is not null")) === campaignSize);
  await until(async () => (await deliveriesOfCampaign(page)) !== undefined);
  progress("it runs, and receipts come");
  await takeLongTasks(page);
  const eventsBefore = await count(server, "message_events");
  const startedAt = performance.now();
  const streaming = streamReports(closers, { ...waiting, reportsPerSecond, reportsInRequest });
  await pause((seconds * 1000) / 4);
  const early = await heapOf(page);
  await pause((seconds * 1000) / 2);
  const late = await heapOf(page);
  await Promise.all([streaming, pause(seconds * 1000 - (performance.now() - startedAt))]);
  const took = (performance.now() - startedAt) / 1000;
  const eventsAfter = await count(server, "message_events");
  const longTasks = await takeLongTasks(page);
  progress("the page is compared with the table");
  const compared = await compare(watched, campaignId);
  return [
    {
      what: "events that the server logged meanwhile",
      unit: "events/s",
      ours: [(eventsAfter - eventsBefore) / took],
      target: { atLeast: target },
    },
    {
      what: "longest task of the page",
      unit: "ms",
      ours: [Math.max(0, ...longTasks)],
      target: { atMost: 100 },
    },
    { what: "heap of the page after a quarter of the time", unit: "MB", ours: [early] },
    {
      what: "heap of the page after three quarters",
      unit: "MB",
      ours: [late],
      beside: { name: "after one quarter", rounds: [early] },
      target: { atMost: 1.1 },
    },
    ...compared,
  ];
}

/** Once nothing moves any more, what the page shows and has received, beside what is in the table. */
async function compare({ server, console }: Watched, campaignId: string): Promise<Finding[]> {
  const { page } = console;
  await server.client.data(`mutation ($id: ID!) { pauseCampaign(id: $id) { __typename } }`, {
    id: campaignId,
  });
  const delivered = "messages where status = 'DELIVERED'";
  await until(
    async () => (await count(server, "messages where status in ('SUBMITTING', 'SUBMITTED', 'SENT')")) === 0,
  );
  const inTable = await count(server, delivered);
  const ofCampaign = await count(server, `${delivered} and campaign_id is not null`);
  // The hour is asked for again each minute.
  await until(async () => (await deliveriesInHour(page)) === inTable, 70_000);
  await until(async () => (await deliveriesOfCampaign(page)) === ofCampaign);
  return [
    same("deliveries in the frames that the page received", console.deliveriesReceived(), inTable),
    same("deliveries in the last hour that it shows at the end", await deliveriesInHour(page), inTable),
    same("deliveries of the campaign that it shows", (await deliveriesOfCampaign(page)) ?? 0, ofCampaign),
  ];
}

const same = (what: string, shown: number, inTable: number): Finding => ({
  what,
  unit: "messages",
  ours: [shown],
  beside: { name: "in the table", rounds: [inTable] },
  target: { atLeast: 1, atMost: 1 },
});

/** Or until the time is over: what differs then is told. */
async function until(isSo: () => Promise<boolean>, atMostMs = 60_000): Promise<void> {
  const endsAt = performance.now() + atMostMs;
  while (!(await isSo()) && performance.now() < endsAt) await pause(500);
}

/** By a file: a list in the request may have no more than 100,000. */
async function startCampaign({ client }: ServerProcess, messages: number): Promise<string> {
  // Last digits that no scenario has: all are delivered.
  const numbers = Array.from(
    { length: messages },
    (_, index) => `+42190${1000 + Math.floor(index / 800)}${100 + (index % 800)}`,
  );
  const query = `mutation ($input: CreateCampaignInput!) {
    createCampaign(input: $input) { ... on Campaign { id } ... on Error { message } }
  }`;
  const input = { name: "Bench", text: "Hello", messagesPerSecond: campaignPerSecond, file: null };
  const form = new FormData();
  form.set("operations", JSON.stringify({ query, variables: { input } }));
  form.set("map", JSON.stringify({ 0: ["variables.input.file"] }));
  form.set("0", new Blob([`to\n${numbers.join("\n")}\n`]), "people.csv");
  const response = await fetch(`${client.url}/graphql`, {
    method: "POST",
    headers: client.headers,
    body: form,
  });
  const { data } = (await response.json()) as { data: { createCampaign: { id?: string; message?: string } } };
  const { id, message } = data.createCampaign;
  if (!id) throw new Error(message);
  return id;
}

async function count({ database }: ServerProcess, what: string): Promise<number> {
  const { rows } = await database.query<{ count: number }>(`select count(*)::int as count from ${what}`);
  return rows[0]?.count ?? 0;
}
