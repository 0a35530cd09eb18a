import { Logger, run, type WorkerEvents } from "graphile-worker";
import { Client } from "pg";
import { expect, inject, it, onTestFinished } from "vitest";
import { openDatabase, type Database } from "../../src/database/database.ts";
import { openListener } from "../../src/database/listener.ts";
import { releaseJobsOfTheDead } from "../../src/queue/dead-workers.ts";
import { keepRunning } from "../../src/jobs/runner.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { createTestDatabase } from "../support/database.ts";
import { eventually } from "../support/process.ts";

const logger = createLogger({ level: "silent" });

/** A queue of jobs, each of which ends when the test allows it. */
async function startQueue(jobs: number) {
  const { url, drop } = await createTestDatabase();
  const database = openDatabase(url, { poolSize: 5 });
  const listener = await openListener(url, { onError: () => undefined });
  const server = new Client({ connectionString: inject("postgresUrl") });
  await server.connect();
  const started: PromiseWithResolvers<void>[] = [];
  const work = (): Promise<void> => {
    const job = Promise.withResolvers<void>();
    started.push(job);
    return job.promise;
  };
  let couldNote = true;
  const launch = (events: WorkerEvents) => {
    events.on("pool:fatalError", () => (couldNote = false));
    return run({
      pgPool: database.pool,
      taskList: { work },
      events,
      noHandleSignals: true,
      logger: new Logger(() => () => undefined),
      preset: {
        worker: {
          concurrentJobs: 1,
          localQueue: { size: 2 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
          pollInterval: 100,
        },
      },
    });
  };
  await addJobs(database, jobs);
  const runner = await keepRunning({ launch, listener, logger });
  onTestFinished(async () => {
    for (const job of started) job.resolve();
    await runner.stop();
    await listener.close();
    await database.close();
    await drop();
    await server.end();
  });
  const name = new URL(url).pathname.slice(1);
  return { database, runner, started, couldNote: () => couldNote, ...outages(server, name) };
}

const addJobs = (database: Database, count: number): Promise<object[]> =>
  database.query(
    { name: "add", text: "select graphile_worker.add_job('work') from generate_series(1, $1)" },
    [count],
  );

const countJobs = async (database: Database): Promise<number> =>
  (await database.query({ name: "count", text: "select id from graphile_worker.jobs" }, [])).length;

const isThere = (database: Database): Promise<boolean> =>
  countJobs(database).then(
    () => true,
    () => false,
  );

function outages(server: Client, name: string) {
  return {
    begin: async (): Promise<void> => {
      await server.query(`alter database ${name} allow_connections false`);
      await server.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [name]);
    },
    end: () => server.query(`alter database ${name} allow_connections true`),
  };
}

it("the job runner continues after a job ended while the database was away", async () => {
  const { database, started, couldNote, begin, end } = await startQueue(1);
  await eventually(() => started.length === 1);
  await begin();
  started[0]?.resolve();
  await eventually(() => !couldNote());
  await end();
  await eventually(() => isThere(database));
  await addJobs(database, 1);
  await eventually(() => started.length === 2);
  started[1]?.resolve();
  await eventually(async () => (await countJobs(database)) === 1);
  // The first job is done but could not be marked, so it runs again once its runner's lock is free.
  await eventually(async () => {
    await releaseJobsOfTheDead(database, logger);
    return started.length === 3;
  });
  started[2]?.resolve();
  await eventually(async () => (await countJobs(database)) === 0);
  expect(started).toHaveLength(3);
});

it("the job runner can stop while the database is away, with jobs fetched but not started", async () => {
  const { database, runner, started, begin, end } = await startQueue(3);
  await eventually(() => started.length === 1);
  await begin();
  const stopped = runner.stop();
  started[0]?.resolve();
  await stopped;
  await end();
  await eventually(() => isThere(database));
  expect(await countJobs(database)).toBe(3);
  expect(started).toHaveLength(1);
});

it("the job runner waits for the running job when it stops", async () => {
  const { database, runner, started } = await startQueue(2);
  await eventually(() => started.length === 1);
  let hasStopped = false;
  const stopped = runner.stop().then(() => (hasStopped = true));
  // The second job is returned at once; the first is still running.
  const free = { name: "free", text: "select id from graphile_worker.jobs where locked_by is null" };
  await eventually(async () => (await database.query(free, [])).length === 1);
  expect(hasStopped).toBe(false);
  started[0]?.resolve();
  await stopped;
  expect(await countJobs(database)).toBe(1);
});
