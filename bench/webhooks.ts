import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { encodeId } from "../src/lib/global-id.ts";
import { freePort } from "../test/support/process.ts";
import { p99Of, type Benchmark, type BenchRun } from "./support/benchmark.ts";
import { fillMessages } from "./support/fill.ts";
import type { ReceiverReport } from "./support/receiver-process.ts";
import { quantile, type Closers } from "./support/server.ts";
import { startServerProcess, type ServerProcess } from "./support/server-process.ts";

const perSecond = 2_000;
const transactionsPerSecond = 100;
/** Of every so many events, one belongs to one of the other endpoints. */
const oneInFor = 10;

export const benchmark: Benchmark = {
  name: "webhooks",
  about:
    "Events to webhooks, one in a request: a steady load on one endpoint beside 1,000 others of which 100 are dead, and " +
    "how fast a backlog is delivered.",
  async run(run) {
    const { closers, isShort, progress } = run;
    const server = await startServerProcess(closers, { ROLE: "all", MAX_WEBHOOKS_PER_ACCOUNT: "2000" });
    const receiver = await startReceiver(closers);
    const others = isShort ? 100 : 1_000;
    const filling = { accountId: server.accountId, providerId: server.providerId, eventsEach: 1 };
    const { ids } = await fillMessages(server.database, { ...filling, messages: 5_000 });
    await createWebhooks(server, receiver, ids.slice(0, others));
    const writer = startWriter(closers, server);
    progress(`${others + 1} webhooks`);
    const load = { server, receiver, writer, ids, others };
    // Until every endpoint has been asked once, the dead ones too.
    await steady(load, isShort ? 1 : 6);
    const rates: number[] = [];
    const lags: number[] = [];
    let processorSeconds = 0;
    let repeated = 0;
    for (let round = 0; round < run.rounds; round++) {
      const result = await steady(load, run.secondsPerRound);
      progress(
        `${result.rate.toFixed(0)}/s, p50 ${quantile(result.lags, 0.5)} ms, p99 ${p99Of(result.lags)} ms`,
      );
      rates.push(result.rate);
      lags.push(...result.lags);
      processorSeconds += result.processorSeconds;
      repeated += result.repeated;
    }
    const drained = await drain(load, run);
    return [
      {
        what: `${perSecond} events/s to one endpoint, beside ${others} of which ${others / 10} are dead`,
        unit: "requests/s",
        ours: rates,
        target: { atLeast: perSecond * 0.99 },
        p99: { ms: p99Of(lags), atMost: 250 },
        processorMicroseconds: (processorSeconds / lags.length) * 1e6,
        peakMegabytes: server.residentBytes() / 2 ** 20,
      },
      {
        what: "a backlog, to one endpoint",
        unit: "requests/s",
        ours: drained,
        target: { atLeast: perSecond },
      },
      { what: "requests repeated", unit: "times", ours: [repeated], target: { atMost: 0 } },
    ];
  },
};

interface Load {
  server: ServerProcess;
  receiver: Receiver;
  writer: ChildProcess;
  ids: readonly string[];
  others: number;
}

/** Writes so many events a second, for so long, and waits until the busy endpoint has them all. */
async function steady({ server, receiver, writer, ids, others }: Load, seconds: number) {
  const before = await server.processorSeconds();
  const size = perSecond / transactionsPerSecond;
  const startedAt = performance.now();
  for (let turn = 0; turn < seconds * transactionsPerSecond; turn++) {
    writer.send(Array.from({ length: size }, (_, place) => messageOf(turn * size + place, ids, others)));
    const leftMs = startedAt + ((turn + 1) * 1_000) / transactionsPerSecond - performance.now();
    if (leftMs > 0) await pause(leftMs);
  }
  const { lags, repeated } = await receiver.take(seconds * perSecond);
  const elapsed = (performance.now() - startedAt) / 1_000;
  const processorSeconds = (await server.processorSeconds()) - before;
  return { rate: lags.length / elapsed, lags, repeated, processorSeconds };
}

const messageOf = (event: number, ids: readonly string[], others: number): string => {
  const place =
    event % oneInFor === 0 ? (event / oneInFor) % others : others + (event % (ids.length - others));
  return ids[place] ?? "";
};

/** Events per second of a backlog that was written at once. */
async function drain({ receiver, writer, ids, others }: Load, { rounds, isShort }: BenchRun) {
  const count = isShort ? 2_000 : 20_000;
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now();
    for (let written = 0; written < count; written += 1_000) writer.send(ids.slice(others, others + 1_000));
    await receiver.take(count);
    rates.push(count / ((performance.now() - startedAt) / 1_000));
  }
  return rates;
}

interface Receiver {
  url: string;
  /** What the busy endpoint got, once it has so many. */
  take(count: number): Promise<ReceiverReport>;
}

async function startReceiver(closers: Closers): Promise<Receiver> {
  const child = fork(join(import.meta.dirname, "support", "receiver-process.ts"));
  closers.push(() => child.kill());
  const [port] = (await once(child, "message")) as [number];
  return {
    url: `http://127.0.0.1:${port}`,
    async take(count) {
      const all: ReceiverReport = { lags: [], repeated: 0 };
      const deadline = performance.now() + 60_000;
      for (;;) {
        child.send("report");
        const [{ lags, repeated }] = (await once(child, "message")) as [ReceiverReport];
        all.lags.push(...lags);
        all.repeated += repeated;
        if (all.lags.length >= count) return all;
        if (performance.now() > deadline) throw new Error(`${all.lags.length} of ${count} events arrived`);
        await pause(5);
      }
    },
  };
}

/** One for everything, and one for each of these messages: of those a twentieth refuses, and a twentieth is silent. */
async function createWebhooks(
  { client }: ServerProcess,
  { url }: Receiver,
  messageIds: readonly string[],
): Promise<void> {
  const create = async (input: object): Promise<void> => {
    const { result } = await client.data<{ result: { __typename: string } }>(
      `mutation ($input: CreateWebhookInput!) { result: createWebhook(input: $input) { __typename } }`,
      { input: { name: "Bench", ...input } },
    );
    if (result.__typename !== "CreatedWebhook") throw new Error(`createWebhook: ${result.__typename}`);
  };
  const closed = `http://127.0.0.1:${await freePort()}`;
  for (const [place, id] of messageIds.entries()) {
    const address = place % 20 === 0 ? closed : place % 20 === 1 ? `${url}/silent` : url;
    await create({ url: address, filter: { messageIds: [encodeId("Message", id)] } });
  }
  await create({ url: `${url}/busy` });
}

function startWriter(closers: Closers, { databaseUrl }: ServerProcess): ChildProcess {
  const child = fork(join(import.meta.dirname, "support", "writer-process.ts"), [databaseUrl]);
  closers.push(() => child.kill());
  return child;
}
