import { Client } from "pg";
import { encodeCursor } from "../src/messages/log/event-log.ts";
import { median, peakMegabytes, type Benchmark } from "./support/benchmark.ts";
import { Clients } from "./support/clients.ts";
import { sendMessages, startServer, type BenchServer } from "./support/server.ts";

const perMessage = 20;
const pageSize = 500;

const query = `subscription ($after: Cursor) {
  messageEvents(after: $after) {
    __typename
    ... on MessageEventBatch { cursor events { id status version occurredAt } }
    ... on CaughtUp { cursor }
  }
}`;

export const benchmark: Benchmark = {
  name: "replay",
  about: "One client gets what it has missed. The limit: reading the same rows with pg in the same pages.",
  async run({ closers, rounds, isShort, progress }) {
    const server = await startServer(closers);
    progress("filling the log");
    const { events, databaseUrl } = await fill(server, isShort ? 10_000 : 100_000);
    const clients = new Clients(closers);
    const runs: { replayed: number; read: number; processor: number }[] = [];
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round}: ${events} events`);
      const read = events / (await readWithPg(databaseUrl, events));
      runs.push({ read, ...(await replay(server, clients, events)) });
    }
    return [
      {
        what: `${events} events to one client`,
        unit: "events/s",
        ours: runs.map(({ replayed }) => replayed),
        beside: { name: "rows by pg", rounds: runs.map(({ read }) => read) },
        target: { atLeast: 0.4 },
        processorMicroseconds: median(runs.map(({ processor }) => processor)),
        peakMegabytes: peakMegabytes(),
      },
    ];
  },
};

async function replay({ url, client }: BenchServer, clients: Clients, events: number) {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const stop = clients.onReached(() => resolve());
  const subscriptions = [{ query, variables: { after: encodeCursor({ tx: 0n, id: 0n }) } }];
  const started = performance.now();
  const cpu = process.cpuUsage();
  const options = { init: client.headers, greets: false, unit: events };
  await Promise.all([clients.open(`${url.replace("http", "ws")}/graphql`, subscriptions, options), done]);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  stop();
  await clients.close();
  return { replayed: events / seconds, processor: (user + system) / events };
}

/** Messages by the ordinary road, and more events for each, made of its first one. */
async function fill(server: BenchServer, wanted: number): Promise<{ events: number; databaseUrl: string }> {
  const { databaseUrl } = server;
  await sendMessages(server, Math.ceil(wanted / perMessage));
  const database = new Client({ connectionString: databaseUrl });
  await database.connect();
  await database.query(
    `insert into message_events (tx, account_id, message_id, provider_id, version, status, source, applied, occurred_at, received_at)
    select pg_current_xact_id()::text::bigint, account_id, message_id, provider_id, n, 'SENT', 'CALLBACK', true, now(), now()
    from message_events, generate_series(2, $1::int) as n`,
    [perMessage],
  );
  await database.query("vacuum analyze message_events, messages");
  const { rows } = await database.query<{ count: number }>(
    "select count(*)::int as count from message_events",
  );
  await database.end();
  // The process reads on to the end of the log, as one that is just started has.
  await server.app.services.feed.refresh();
  return { events: rows[0]?.count ?? 0, databaseUrl };
}

/** Seconds to read the whole log, page by page. */
async function readWithPg(databaseUrl: string, events: number): Promise<number> {
  const database = new Client({ connectionString: databaseUrl });
  await database.connect();
  const started = performance.now();
  let after = ["0", "0"];
  for (let read = 0; read < events;) {
    const { rows } = await database.query<{ tx: string; id: string }>({
      name: "page",
      text: "select * from message_events where (tx, id) > ($1::bigint, $2::bigint) order by tx, id limit $3",
      values: [...after, pageSize],
    });
    const last = rows.at(-1);
    after = [last?.tx ?? "", last?.id ?? ""];
    read += rows.length;
  }
  const seconds = (performance.now() - started) / 1000;
  await database.end();
  return seconds;
}
