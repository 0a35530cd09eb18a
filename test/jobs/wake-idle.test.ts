import { EventEmitter } from "node:events";
import { Logger, run, type WorkerEvents } from "graphile-worker";
import { expect, it, onTestFinished } from "vitest";
import { openDatabase } from "../../src/database/database.ts";
import { wakeIdle } from "../../src/jobs/wake-idle.ts";
import { createTestDatabase } from "../support/database.ts";

const workers = 3;

it("a new job is taken while others are left out, before anybody looks by itself", async () => {
  const { url, drop } = await createTestDatabase();
  const database = openDatabase(url, { poolSize: 5 });
  const events = new EventEmitter() as WorkerEvents;
  const started: unknown[] = [];
  let looks = 0;
  events.on("worker:getJob:empty", () => void looks++);
  wakeIdle(events, () => true);
  const runner = await run({
    pgPool: database.pool,
    taskList: { work: (name) => void started.push(name) },
    events,
    noHandleSignals: true,
    logger: new Logger(() => () => undefined),
    forbiddenFlags: () => ["closed"],
    preset: { worker: { concurrentJobs: workers, localQueue: { size: 5 }, pollInterval: 3_600_000 } },
  });
  onTestFinished(async () => {
    await runner.stop();
    await database.close();
    await drop();
  });
  const add = (name: string, flags: string[] | null): Promise<object[]> =>
    database.query(
      { name: "add_job", text: "select graphile_worker.add_job('work', to_json($1::text), flags => $2)" },
      [name, flags],
    );
  await expect.poll(() => looks).toBeGreaterThanOrEqual(workers);
  await add("left out", ["closed"]);
  for (const name of ["one", "two", "three", "four"]) {
    await add(name, null);
    await expect.poll(() => started).toContain(name);
  }
  expect(started).toEqual(["one", "two", "three", "four"]);
});
