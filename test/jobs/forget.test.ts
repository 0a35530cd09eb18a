import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openDatabase, type Database } from "../../src/database/database.ts";
import { advanceRetentionClock } from "../../src/database/retention-clock.ts";
import { forgetOld } from "../../src/jobs/forget.ts";
import { createTestDatabase } from "../support/database.ts";

/**
 * What is deleted, by which clock, and how fast. The clock is the database's, so rows are made older instead.
 */

let database: Database;
let drop: () => Promise<void>;

beforeAll(async () => {
  const created = await createTestDatabase();
  database = openDatabase(created.url, { poolSize: 2 });
  drop = created.drop;
});

afterAll(async () => {
  await database.close();
  await drop();
});

beforeEach(async () => {
  await database.pool.query("truncate idempotency_keys, callbacks, parked_receipts");
  await setClock("now()", "now()");
});

const setClock = async (at: string, steppedAt: string): Promise<void> =>
  void (await database.pool.query(`update retention_clock set at = ${at}, stepped_at = ${steppedAt}`));

const before = (days: number): Date => new Date(Date.now() - days * 86_400_000);

const addKeys = (key: string, days: number, count = 1) =>
  database.pool.query(
    `insert into idempotency_keys (account_id, key, fingerprint, message_id, created_at)
     select $1, $2 || n, '', $1, $3 from generate_series(1, $4) as n`,
    [randomUUIDv7(), key, before(days), count],
  );

const readKeys = async (): Promise<string[]> =>
  (await database.prisma.idempotencyKey.findMany({ orderBy: { key: "asc" } })).map(({ key }) => key);

it("a job that is never run again is kept for a week, and one that waits for as long as it takes", async () => {
  const job = async (key: string, days: number, attempts: number) => {
    await database.pool.query("select graphile_worker.add_job('forget', job_key => $1, max_attempts => 3)", [
      key,
    ]);
    await database.pool.query(
      "update graphile_worker._private_jobs set attempts = $2, updated_at = $3 where key = $1",
      [key, attempts, before(days)],
    );
  };
  await job("ended long ago", 8, 3);
  await job("ended lately", 6, 3);
  await job("waiting", 8, 2);
  await forgetOld(database);
  const { rows } = await database.pool.query("select key from graphile_worker.jobs order by key");
  expect(rows.map(({ key }) => key)).toEqual(["ended lately", "waiting"]);
});

it("old idempotency keys, callbacks and parked receipts are deleted, and nothing else", async () => {
  await addKeys("old", 2);
  await addKeys("young", 0.5);
  const callback = { providerId: randomUUIDv7(), body: "{}" };
  await database.prisma.callback.createMany({
    data: [
      { ...callback, state: "PROCESSED", receivedAt: before(40) },
      { ...callback, state: "QUARANTINED", receivedAt: before(100) },
      { ...callback, state: "QUARANTINED", receivedAt: before(40) },
      { ...callback, state: "UNREAD", receivedAt: before(100) },
      { ...callback, state: "PROCESSED", receivedAt: before(3) },
    ],
  });
  const parked = {
    providerId: randomUUIDv7(),
    status: "SENT",
    providerStatus: "SENT",
    source: "CALLBACK",
  } as const;
  await database.prisma.parkedReceipt.createMany({
    data: [6, 8].map((days) => {
      return { ...parked, providerMessageId: `${days}`, receivedAt: before(days), part: 1, parts: 1 };
    }),
  });
  await forgetOld(database);
  expect(await readKeys()).toEqual(["young1"]);
  const callbacks = await database.prisma.callback.findMany({ orderBy: { id: "asc" } });
  expect(callbacks.map(({ state }) => state)).toEqual(["QUARANTINED", "UNREAD", "PROCESSED"]);
  const receipts = await database.prisma.parkedReceipt.findMany();
  expect(receipts.map(({ providerMessageId }) => providerMessageId)).toEqual(["6"]);
});

it("one run deletes everything old, however much it is", async () => {
  await addKeys("old", 2, 25_000);
  await addKeys("young", 0.5);
  await database.pool.query(
    `insert into callbacks (provider_id, received_at, body, state)
     select $1, $2, '{}', 'PROCESSED' from generate_series(1, 25000)`,
    [randomUUIDv7(), before(40)],
  );
  await forgetOld(database);
  expect(await readKeys()).toEqual(["young1"]);
  expect(await database.prisma.callback.count()).toBe(0);
});

it("nothing is deleted after the database's clock has jumped, until the clock is right again", async () => {
  await addKeys("today", 0.5);
  // The state after a jump of 200 days: the earlier clock time is far in the past.
  await setClock("now() - interval '200 days'", "now() - interval '200 days'");
  await addKeys("yesterday", 2);
  for (let minute = 0; minute < 3; minute++) {
    await database.pool.query("update retention_clock set stepped_at = stepped_at - interval '1 minute'");
    expect(await advanceRetentionClock(database)).toBeGreaterThan(199 * 86_400);
    await forgetOld(database);
  }
  expect(await readKeys()).toEqual(["today1", "yesterday1"]);
  // The clock is corrected: it now shows less than in the last step.
  await setClock("now()", "now() + interval '200 days'");
  expect(await advanceRetentionClock(database)).toBeLessThan(60);
  await forgetOld(database);
  expect(await readKeys()).toEqual(["today1"]);
});

it("deletion catches up after a stop, at the same pace for all processes", async () => {
  await setClock("now() - interval '1 hour'", "now() - interval '1 hour'");
  const steps = await Promise.all([1, 2, 3].map(() => advanceRetentionClock(database)));
  const [behind, ...others] = steps.filter((step) => step !== undefined);
  expect(others).toEqual([]);
  expect(behind).toBeCloseTo(40 * 60, -2);
  expect(await advanceRetentionClock(database)).toBeUndefined();
  // As for one that began before the step was made, and comes after it.
  await database.pool.query("update retention_clock set stepped_at = now() + interval '1 second'");
  expect(await advanceRetentionClock(database)).toBeUndefined();
  await setClock("now() - interval '1 minute'", "now() - interval '1 minute'");
  expect(await advanceRetentionClock(database)).toBeCloseTo(0, 0);
});
