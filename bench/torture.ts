import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startEmbeddedPostgres } from "../src/database/embedded-postgres.ts";
import { migrate } from "../src/database/migrate.ts";
import { torture, type TortureResult } from "../test/support/torture/torture.ts";

const helpText = `Whether clients of the live stream miss or repeat anything, whatever happens to them and to the servers.

Usage: npm run bench:torture [-- --events=100000 --clients=200 --session=10 --kill-every=5 --patience=1800]

Starts an embedded PostgreSQL, two api processes, two workers and a sandbox, and sends messages until there are that
many events. Meanwhile the api processes are killed with SIGKILL in turn, one every \`--kill-every\` seconds after the
other has come back, and each client follows messageEvents through connections that are cut after \`--session\`
seconds on average, with its last cursor as all that it keeps. At the end every client's log, in its order, is
compared with the table. Progress goes to standard error. Ends with 1 when a log differs.
`;

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "100000" },
    clients: { type: "string", default: "200" },
    session: { type: "string", default: "10" },
    "kill-every": { type: "string", default: "5" },
    patience: { type: "string", default: "1800" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) process.stdout.write(helpText);
else await run();

async function run(): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => stopping.abort(new Error(`Ended by ${signal}`)));
  const directory = await mkdtemp(join(tmpdir(), "smsgraph-torture-"));
  const postgres = await startEmbeddedPostgres(directory, { max_connections: "200" });
  try {
    await migrate(postgres.url);
    const startedAt = performance.now();
    const result = await torture({
      databaseUrl: postgres.url,
      events: Number(values.events),
      clients: Number(values.clients),
      sessionSeconds: Number(values.session),
      secondsBetweenKills: Number(values["kill-every"]),
      signal: stopping.signal,
      patienceSeconds: Number(values.patience),
      log: (line) =>
        void process.stderr.write(
          `${((performance.now() - startedAt) / 1000).toFixed(0).padStart(5)} s  ${line}\n`,
        ),
    });
    process.stdout.write(report(result));
    if (result.differences.length > 0) process.exitCode = 1;
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function report(result: TortureResult): string {
  const { events, deliveries, sessions, kills, sendingSeconds, catchingUpSeconds, differences } = result;
  const seconds = sendingSeconds + catchingUpSeconds;
  const verdict =
    differences.length === 0 ? "every client's log equals the table" : `${differences.length} logs differ`;
  return [
    `${values.clients} clients, ${events} events, ${sessions} sessions, ${kills} kills of an api process`,
    `${sendingSeconds.toFixed(0)} s of sending, ${catchingUpSeconds.toFixed(0)} s more until all had caught up`,
    `${deliveries} events delivered, ${Math.round(deliveries / seconds)} per second`,
    verdict,
    ...differences,
    "",
  ].join("\n");
}
