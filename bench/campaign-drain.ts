import { fork } from "node:child_process";
import { randomUUIDv7 } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { decodeId, encodeId } from "../src/lib/global-id.ts";
import { addJobs } from "../src/queue/jobs.ts";
import { p99Of, type Benchmark, type Finding } from "./support/benchmark.ts";
import { quantile, startServer, type BenchServer, type Closers } from "./support/server.ts";

export const benchmark: Benchmark = {
  name: "drain",
  about:
    "A campaign goes to a provider that answers at once, in bulk and in single requests, while a client sends single " +
    "messages. The limit: the rows that a message needs, written by the plainest set-based statements.",
  async run({ closers, rounds, isShort, progress }) {
    const bench = await prepare(closers);
    const findings: Finding[] = [];
    for (const { name, count, ownTexts, share } of [
      { name: "bulk requests", count: 100_000, ownTexts: false, share: 0.6 },
      { name: "single requests", count: 10_000, ownTexts: true, share: 0.2 },
    ]) {
      const runs: Run[] = [];
      for (let round = 1; round <= rounds; round++) {
        progress(`${name}, round ${round}`);
        const wanted = isShort ? count / 10 : count;
        const limit = await plainRate(bench, Math.min(wanted, 20_000));
        runs.push({ limit, ...(await drain(bench, wanted, ownTexts)) });
      }
      const [sends, lags] = [runs.flatMap((one) => one.sends), runs.flatMap((one) => one.lags)];
      findings.push(
        {
          what: name,
          unit: "messages/s",
          ours: runs.map(({ rate }) => rate),
          beside: { name: "the same rows by plain SQL", rounds: runs.map(({ limit }) => limit) },
          target: { atLeast: share },
        },
        {
          what: `${name}: sendMessage meanwhile, p50`,
          unit: "ms",
          ours: [quantile(sends, 0.5)],
          p99: { ms: p99Of(sends), atMost: 60 },
        },
        {
          what: `${name}: event to socket, p50`,
          unit: "ms",
          ours: [quantile(lags, 0.5)],
          p99: { ms: p99Of(lags) },
        },
      );
    }
    return findings;
  },
};

/** How fast a campaign went, beside what the plainest statements did just before. */
interface Run {
  rate: number;
  limit: number;
  sends: number[];
  lags: number[];
}

interface Bench extends BenchServer {
  /** The provider that answers at once, as the API and as the database know it. */
  shownProviderId: string;
  providerId: string;
}

async function prepare(closers: Closers): Promise<Bench> {
  const server = await startServer(closers, {
    databasePoolSize: 20,
    runsWorker: true,
    workerConcurrency: 10,
  });
  const provider = fork(join(import.meta.dirname, "support/instant-provider.ts"));
  closers.push(() => provider.kill());
  const [port] = (await once(provider, "message")) as [number];
  closers.push(() => server.client.close());
  const { connectProvider } = await server.client.data<{ connectProvider: { id: string } }>(
    `mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ... on Provider { id } } }`,
    {
      input: {
        tikosms: {
          name: "Instant",
          apiToken: "none",
          baseUrl: `http://127.0.0.1:${port}`,
          defaultSender: "bench",
        },
      },
    },
  );
  const { id } = connectProvider;
  return { ...server, shownProviderId: id, providerId: decodeId("Provider", id) };
}

/** A campaign whose messages are made and wait; then the clock starts. */
async function drain(bench: Bench, count: number, ownTexts: boolean) {
  const { database } = bench.app.services;
  const campaignId = await storeCampaign(bench, count, ownTexts);
  await until(
    `making ${count} messages`,
    async () => count - (await countRows(bench, "campaign_recipients", campaignId)),
    count,
  );
  await database.pool.query("analyze");
  const observing = observe(bench);
  const startedAt = performance.now();
  await bench.client.data(
    `mutation ($id: ID!) { resumeCampaign(id: $id) { ... on Campaign { status } ... on Error { message } } }`,
    { id: encodeId("Campaign", campaignId) },
  );
  await until(`sending ${count} messages`, async () => doneOf(bench, campaignId, count), count);
  const seconds = (performance.now() - startedAt) / 1000;
  return { rate: count / seconds, ...(await observing.stop()) };
}

async function doneOf({ app }: Bench, campaignId: string, count: number): Promise<number> {
  const { rows } = await app.services.database.pool.query<{ open: number }>(
    `select coalesce(sum(delta), 0)::int as open from campaign_tallies
     where campaign_id = $1 and status in ('SCHEDULED', 'QUEUED', 'SUBMITTING')`,
    [campaignId],
  );
  return count - (rows[0]?.open ?? 0);
}

async function countRows({ app }: Bench, table: string, campaignId: string): Promise<number> {
  const { rows } = await app.services.database.pool.query<{ count: number }>(
    `select count(*)::int as count from ${table} where campaign_id = $1`,
    [campaignId],
  );
  return rows[0]?.count ?? 0;
}

async function until(what: string, progress: () => Promise<number>, count: number): Promise<void> {
  for (;;) {
    const done = await progress();
    process.stderr.write(`\r${what}: ${done}   `);
    if (done >= count) break;
    await setTimeout(50);
  }
  process.stderr.write("\r\u001B[K");
}

async function storeCampaign(
  { app, accountId, providerId }: Bench,
  count: number,
  ownTexts: boolean,
): Promise<string> {
  const { database } = app.services;
  const campaignId = randomUUIDv7();
  await database.pool.query(
    `insert into campaign_recipients (campaign_id, position, recipient, country, provider_id, sender, text, encoding, segments)
     select $1, n, '+42190' || lpad(n::text, 7, '0'), 'SK', $2, 'bench', case when $4 then 'Hello ' || n end, 'GSM7', 1
     from generate_series(1, $3) as n`,
    [campaignId, providerId, count, ownTexts],
  );
  await database.pool.query(
    "insert into campaign_tallies (campaign_id, status, delta) values ($1, 'QUEUED', $2)",
    [campaignId, count],
  );
  await database.pool.query(
    `insert into campaigns (id, account_id, name, status, sender, text, created_at, updated_at, imported_at, total)
     values ($1, $2, 'Benchmark', 'PAUSED', 'bench', 'Hello', now(), now(), now(), $3)`,
    [campaignId, accountId, count],
  );
  await addJobs(database, [{ task: "expand-campaign", payload: { campaignId } }]);
  return campaignId;
}

/** Sends a single message every 50 ms, and measures how long an event takes from its making to a socket. */
function observe({ client, shownProviderId: providerId }: Bench) {
  const sends: number[] = [];
  const lags: number[] = [];
  const stopping = new AbortController();
  const sending = (async () => {
    while (!stopping.signal.aborted) {
      const sentAt = performance.now();
      await client.data(
        `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } ... on Error { message } } }`,
        { input: { to: "+421901999999", text: "Single", clientRef: "single", providerId } },
      );
      sends.push(performance.now() - sentAt);
      await setTimeout(50);
    }
  })();
  const frames = client.subscribe<{ messageEvents: { events?: { receivedAt: string }[] } }>(
    `subscription {
      messageEvents(filter: { clientRefPrefix: "single" }) { ... on MessageEventBatch { events { receivedAt } } }
    }`,
  );
  const watching = (async () => {
    for await (const { data } of frames) {
      const now = Date.now();
      for (const { receivedAt } of data?.messageEvents.events ?? []) lags.push(now - Date.parse(receivedAt));
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await sending;
      await frames.return?.();
      await watching;
      return { sends, lags };
    },
  };
}

/** Messages per second of the plainest statements that leave the same rows behind. */
async function plainRate({ app, accountId, providerId }: Bench, count: number): Promise<number> {
  const { pool } = app.services.database;
  const ids = Array.from({ length: count }, () => randomUUIDv7());
  await pool.query(
    `insert into messages (id, account_id, provider_id, recipient, sender, text, encoding, segments, country, created_at,
       status, listed_as, last_event_tx, updated_at)
     select id, $2, $3, '+421901000000', 'bench', 'Hello', 'GSM7', 1, 'SK', now(), 'QUEUED', 'SUBMITTING', 0, now()
     from unnest($1::uuid[]) as i (id)`,
    [ids, accountId, providerId],
  );
  const startedAt = performance.now();
  for (let start = 0; start < count; start += 1_000) {
    const chunk = ids.slice(start, start + 1_000);
    const steps = [
      step("SUBMITTING"),
      `insert into attempts (message_id, number, provider_id, started_at, outcome, finished_at)
       select id, 1, $2, now(), 'accepted', now() from unnest($1::uuid[]) as i (id) where $3::uuid is not null`,
      step("SUBMITTED"),
    ];
    for (const text of steps) await pool.query(text, [chunk, providerId, accountId]);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return count / seconds;
}

function step(status: string): string {
  return `
  with changed as (
    update messages set status = '${status}', version = version + 1, updated_at = now() where id = any ($1::uuid[])
    returning id, version
  )
  insert into message_events (tx, account_id, message_id, provider_id, version, status, source, applied, occurred_at, received_at)
  select pg_current_xact_id()::text::bigint, $3, id, $2, version, '${status}', 'DISPATCH', true, now(), now() from changed`;
}
