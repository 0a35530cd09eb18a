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
  const started: string[] = [];
  let looks = 0;
  let notices = 0;
  events.on("worker:getJob:empty", () => void looks++);
  events.on("pool:listen:notification", () => void notices++);
  wakeIdle(events, () => true);
  const runner = await run({
    pgPool: database.pool,
    taskList: { work: (name) => void started.push(name as string) },
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
  const add = (names: string[], flags: string[] | null): Promise<object[]> =>
    database.query(
      {
        name: "add_jobs",
        text: "select graphile_worker.add_job('work', to_json(name), flags => $2) from unnest($1::text[]) name",
      },
      [names, flags],
    );
  await expect.poll(() => looks).toBeGreaterThanOrEqual(workers);
  // On a busy machine a worker looks before anybody listens, and what is said until then is not heard.
  await expect
    .poll(async () => {
      await database.query(
        {
          name: "notice",
          text: `select pg_notify('jobs:insert', '{"count":0}')`,
        },
        [],
      );
      return notices;
    })
    .toBeGreaterThan(0);
  const many = Array.from({ length: 40 }, (_, index) => `${index}`).toSorted();
  await add(many, ["open"]);
  await expect.poll(() => started.toSorted()).toEqual(many);
  await add(["left out"], ["closed"]);
  const few = ["one", "two", "three", "four"];
  for (const name of few) {
    await add([name], null);
    await expect.poll(() => started).toContain(name);
  }
  expect(started.slice(many.length)).toEqual(few);
});
