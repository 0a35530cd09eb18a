import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../src/database/embedded-postgres.ts";
import { migrate } from "../src/database/migrate.ts";
import { type Benchmark } from "./support/benchmark.ts";
import { torture } from "../test/support/torture/torture.ts";

export const benchmark: Benchmark = {
  name: "torture",
  about:
    "Clients whose connections are cut follow the stream, while api processes are killed in turn: every client's log, in " +
    "its order, is compared with the table.",
  async run({ closers, isShort, progress }) {
    const stopping = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => stopping.abort(new Error(`Ended by ${signal}`)));
    const directory = await mkdtemp(join(tmpdir(), "smsgraph-torture-"));
    closers.push(() => rm(directory, { recursive: true, force: true }));
    const postgres = await startEmbeddedPostgres(directory, { max_connections: "200" });
    closers.push(() => postgres.stop());
    await migrate(postgres.url);
    const result = await torture({
      databaseUrl: postgres.url,
      events: isShort ? 5_000 : 50_000,
      clients: isShort ? 20 : 100,
      sessionSeconds: 10,
      secondsBetweenKills: 5,
      signal: stopping.signal,
      patienceSeconds: 900,
      log: progress,
    });
    const { events, kills, deliveries, sendingSeconds, catchingUpSeconds, differences } = result;
    for (const difference of differences) progress(difference);
    return [
      {
        what: `${events} events, ${kills} kills: delivered`,
        unit: "events/s",
        ours: [deliveries / (sendingSeconds + catchingUpSeconds)],
      },
      {
        what: "logs that differ from the table",
        unit: "times",
        ours: [differences.length],
        target: { atMost: 0 },
      },
    ];
  },
};
