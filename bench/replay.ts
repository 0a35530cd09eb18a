import { parseArgs } from "node:util";
import { Client } from "pg";
import { encodeCursor } from "../src/messages/log/event-log.ts";
import { Clients } from "./support/clients.ts";
import {
  progress,
  sendMessages,
  startServer,
  wholeNumber,
  withClosers,
  type BenchServer,
} from "./support/server.ts";

const helpText = `How fast one client gets what it has missed.

Usage: npm run bench:replay [-- --events=100000]

Fills the log, starts a client in a process of its own behind none of it, and times its replay until the last event is on
its socket. The limit is reading the same rows with pg in the same pages, and doing nothing with them.
`;

const perMessage = 20;
const pageSize = 500;

const { values } = parseArgs({
  options: { events: { type: "string", default: "100000" }, help: { type: "boolean", short: "h" } },
});

const query = `subscription ($after: Cursor) {
  messageEvents(after: $after) {
    __typename
    ... on MessageEventBatch { cursor events { id status version occurredAt } }
    ... on CaughtUp { cursor }
  }
}`;

if (values.help) process.stdout.write(helpText);
else await run(wholeNumber("events", values.events));

async function run(wanted: number): Promise<void> {
  await withClosers(async (closers) => {
    const server = await startServer(closers);
    progress("filling the log");
    const { events, databaseUrl } = await fill(server, wanted);
    const limit = await readWithPg(databaseUrl, events);
    const clients = new Clients(closers);
    progress("replaying");
    const { promise: done, resolve } = Promise.withResolvers<void>();
    clients.onReached(() => resolve());
    const url = `${server.url.replace("http", "ws")}/graphql`;
    const after = encodeCursor({ tx: 0n, id: 0n });
    const started = performance.now();
    const cpu = process.cpuUsage();
    const options = { init: server.client.headers, greets: false, unit: events };
    await Promise.all([clients.open(url, [{ query, variables: { after } }], options), done]);
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    process.stdout.write(
      `${events} events to one client\n` +
        `replay              ${Math.round(events / seconds)} events/s\n` +
        `processor time      ${((user + system) / events).toFixed(1)} us each, so ${Math.round((events * 1e6) / (user + system))} events/s of one core\n` +
        `limit: rows by pg   ${Math.round(events / limit)} events/s\n\n` +
        `${(limit / seconds).toFixed(2)} of the limit\n`,
    );
  });
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
