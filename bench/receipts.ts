import { fork } from "node:child_process";
import { randomUUID, randomUUIDv7 } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { decodeId } from "../src/lib/global-id.ts";
import { p99Of, type Benchmark, type BenchRun, type Finding } from "./support/benchmark.ts";
import { HttpLoad, type LoadResult } from "./support/http-load.ts";
import { reportsOf } from "./support/qikli-reports.ts";
import { startServerProcess, type ServerProcess } from "./support/server-process.ts";
import type { Closers } from "./support/server.ts";

const reportsInBatch = 100;

/** A way in which receipts come: so many in a body, over so many connections at once. */
const ways = {
  tikosms: { contentType: "application/json", connections: 128, bodiesOf: updates, atLeast: 0.3 },
  qikli: { contentType: "application/xml", connections: 16, bodiesOf: batches, atLeast: 0.2 },
} as const;

export const benchmark: Benchmark = {
  name: "receipts",
  about: "Receipts over HTTP: in, committed, 200 out, beside node:http that only parses the JSON.",
  async run(run) {
    const { closers } = run;
    const server = await startServerProcess(closers);
    const load = new HttpLoad(closers);
    const bareUrl = await startBare(closers);
    const providers = await connect(server);
    const findings: Finding[] = [];
    for (const kind of ["tikosms", "qikli"] as const) {
      findings.push(await measure(run, { server, load, bareUrl, kind, ...providers[kind] }));
    }
    return findings;
  },
};

interface Setting {
  server: ServerProcess;
  load: HttpLoad;
  bareUrl: string;
  kind: keyof typeof ways;
  id: string;
  callbackUrl: string;
}

async function measure(run: BenchRun, setting: Setting): Promise<Finding> {
  const { kind, server } = setting;
  const { connections, atLeast } = ways[kind];
  const [ours, beside, latencies]: number[][] = [[], [], []];
  let processorSeconds = 0;
  let received = 0;
  const warmUp = await round(setting, run.isShort ? 1_000 : 20_000);
  const count = Math.ceil((warmUp.rate * run.secondsPerRound) / reportsInBatch) * reportsInBatch;
  for (let place = 0; place < run.rounds; place++) {
    const result = await round(setting, count);
    run.progress(`${kind}: ${result.rate.toFixed(0)} receipts/s beside ${result.bareRate.toFixed(0)}`);
    ours?.push(result.rate);
    beside?.push(result.bareRate);
    latencies?.push(...result.latencies);
    processorSeconds += result.processorSeconds;
    received += count;
  }
  const isSingle = kind === "tikosms";
  return {
    what: isSingle
      ? `receipts of TikoSMS, one in a request, ${connections} connections`
      : `receipts of Qikli, ${reportsInBatch} in a request of XML`,
    unit: "receipts/s",
    ours: ours ?? [],
    beside: { name: "bare node:http, parsing TikoSMS's JSON", rounds: beside ?? [] },
    target: { atLeast },
    ...(isSingle && { p99: { ms: p99Of(latencies ?? []), atMost: 60 } }),
    processorMicroseconds: (processorSeconds / received) * 1e6,
    peakMegabytes: server.residentBytes() / 2 ** 20,
  };
}

/** @throws Error when a receipt was not answered with 200, or not applied */
async function round({ server, load, bareUrl, kind, id, callbackUrl }: Setting, count: number) {
  const { contentType, connections, bodiesOf } = ways[kind];
  const messages = await storeWaiting(server, id, count);
  const bodies = updates(messages);
  const bare = await load.run({ url: bareUrl, contentType: "application/json", bodies, connections: 128 });
  const before = await server.processorSeconds();
  const ours = await load.run({ url: callbackUrl, contentType, bodies: bodiesOf(messages), connections });
  const processorSeconds = (await server.processorSeconds()) - before;
  refuse(ours);
  const { rows } = await server.database.query<{ applied: number }>(
    "select count(*)::int as applied from messages where id = any ($1::uuid[]) and status = 'DELIVERED'",
    [messages.map((message) => message.id)],
  );
  if (rows[0]?.applied !== count) throw new Error(`Of ${count} receipts ${rows[0]?.applied} were applied`);
  const { latencies } = ours;
  return { rate: count / ours.seconds, bareRate: count / bare.seconds, latencies, processorSeconds };
}

function refuse({ statuses }: LoadResult): void {
  const others = Object.keys(statuses).filter((status) => status !== "200");
  if (others.length > 0) throw new Error(`Callbacks were answered with ${others.join(", ")}`);
}

async function startBare(closers: Closers): Promise<string> {
  const child = fork(join(import.meta.dirname, "support", "bare-http-process.ts"));
  closers.push(() => child.kill());
  const [port] = (await once(child, "message")) as [number];
  return `http://127.0.0.1:${port}/`;
}

async function connect({ client }: ServerProcess) {
  const connected = await client.data<Record<keyof typeof ways, { id: string; callbackUrl: string }>>(
    `mutation {
      tikosms: connectProvider(input: {
        tikosms: { name: "T", apiToken: "none", baseUrl: "https://127.0.0.1", defaultSender: "bench" }
      }) { ... on Provider { id callbackUrl } }
      qikli: connectProvider(input: {
        qikli: { name: "Q", username: "none", password: "none", baseUrl: "https://127.0.0.1", defaultSender: "bench" }
      }) { ... on Provider { id callbackUrl } }
    }`,
  );
  const { tikosms, qikli } = connected;
  return {
    tikosms: { ...tikosms, id: decodeId("Provider", tikosms.id) },
    qikli: { ...qikli, id: decodeId("Provider", qikli.id) },
  };
}

interface Waiting {
  id: string;
  providerMessageId: string;
}

/** Messages with all their rows as they are when they wait for their receipts. */
export async function storeWaiting(
  { database, accountId }: ServerProcess,
  providerId: string,
  count: number,
) {
  const messages: Waiting[] = Array.from({ length: count }, () => ({
    id: randomUUIDv7(),
    providerMessageId: randomUUID(),
  }));
  const ids = messages.map(({ id }) => id);
  await database.query(
    `insert into messages (id, account_id, provider_id, recipient, sender, text, encoding, segments, country, created_at,
       status, listed_as, last_event_tx, updated_at, submitted_at, provider_message_id, version)
     select id, $3, $4, '+421901000000', 'bench', 'Hello', 'GSM7', 1, 'SK', now(), 'SUBMITTED', 'SUBMITTING', 0, now(), now(), p, 3
     from unnest($1::uuid[], $2::text[]) as i (id, p)`,
    [ids, messages.map(({ providerMessageId }) => providerMessageId), accountId, providerId],
  );
  await database.query(
    `insert into message_events (tx, account_id, message_id, provider_id, version, status, source, applied, occurred_at, received_at)
     select pg_current_xact_id()::text::bigint, $2, id, $3, version, status::message_status, 'DISPATCH', true, now(), now()
     from unnest($1::uuid[]) as i (id), unnest('{QUEUED,SUBMITTING,SUBMITTED}'::text[]) with ordinality as s (status, version)`,
    [ids, accountId, providerId],
  );
  await database.query(
    "insert into message_checks (message_id, at) select id, now() + interval '1 hour' from unnest($1::uuid[]) as i (id)",
    [ids],
  );
  for (const table of ["messages", "message_events", "message_checks"]) {
    await database.query(`vacuum analyze ${table}`);
  }
  return messages;
}

export function updates(messages: readonly Waiting[]): string[] {
  return messages.map(({ id, providerMessageId }) =>
    JSON.stringify({
      update: {
        message_id: providerMessageId,
        from: "bench",
        to: "421901000000",
        status: "DELIVRD",
        delivered_at: "2026-08-06 15:33:45",
        callback_url: "https://example.com/callback",
        client_ref: id,
        mccmnc: "231001",
        cost: 0.045,
        part: 1,
        total_parts: 1,
        timestamp: "2026-08-06T15:33:45.123",
      },
    }),
  );
}

function batches(messages: readonly Waiting[]): string[] {
  const bodies: string[] = [];
  for (let start = 0; start < messages.length; start += reportsInBatch) {
    const ids = messages
      .slice(start, start + reportsInBatch)
      .map(({ providerMessageId }) => providerMessageId);
    bodies.push(reportsOf(ids, "DELIVERED"));
  }
  return bodies;
}
