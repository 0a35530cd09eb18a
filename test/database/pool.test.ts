import { expect, it, onTestFinished } from "vitest";
import { openDatabase, type Database } from "../../src/database/database.ts";
import { createTestDatabase } from "../support/database.ts";

const one = { name: "one", text: "select 1 as one" };

async function open(poolSize: number): Promise<Database> {
  const { url, drop } = await createTestDatabase();
  const database = openDatabase(url, { poolSize });
  onTestFinished(async () => {
    await database.close();
    await drop();
  });
  return database;
}

it("the pool refuses a second connection to what holds one of the pool, by whichever road it asks", async () => {
  const database = await open(5);
  const problem = "asked for by what holds one already";
  const roads: (() => PromiseLike<unknown>)[] = [
    () => database.query(one, []),
    () => database.transaction((transaction) => transaction.query(one, [])),
    () => database.prisma.account.count(),
    () => database.pool.connect(),
  ];
  for (const road of roads) {
    await expect(database.transaction(async () => road())).rejects.toThrow(problem);
    await expect(database.prisma.$transaction(async () => road())).rejects.toThrow(problem);
  }
  expect(await database.query(one, [])).toEqual([{ one: 1 }]);
});

it("the pool keeps locks that last out of the pool, so that fifty of them leave it to others", async () => {
  const database = await open(2);
  const keys = Array.from({ length: 50 }, (_, index) => `key ${index}`);
  const releases = await Promise.all(keys.map((key) => database.locks.tryHold("test", key)));
  expect(releases.every((release) => release !== undefined)).toBe(true);
  expect(await database.query(one, [])).toEqual([{ one: 1 }]);
  for (const release of releases) await release?.();
});

it("the pool gives a lock to one at a time, within a process and between processes", async () => {
  const database = await open(2);
  const other = openDatabase(database.pool.options.connectionString ?? "", { poolSize: 2 });
  onTestFinished(() => other.close());
  const release = await database.locks.tryHold("test", "key");
  expect(await database.locks.tryHold("test", "key")).toBeUndefined();
  expect(await other.locks.tryHold("test", "key")).toBeUndefined();
  await release?.();
  const again = await other.locks.hold("test", "key", 10_000);
  await again();
});

it("the pool takes a connection back once, however often its user gives it back", async () => {
  const database = await open(1);
  const take = () =>
    new Promise<() => void>((taken, fail) => {
      database.pool.connect((error, _client, release) => (error ? fail(error) : taken(release)));
    });
  const release = await take();
  release();
  const releaseAgain = await take();
  // Without effect: the connection is with its next user.
  release();
  const waiting = take();
  expect(database.pool).toMatchObject({ totalCount: 1, idleCount: 0, waitingCount: 1 });
  releaseAgain();
  (await waiting)();
});

it("a pool that has ended says so to who asks by a callback, who may give back what was not there", async () => {
  const { url, drop } = await createTestDatabase();
  const database = openDatabase(url, { poolSize: 2 });
  await database.close();
  const answer = await new Promise<Error | undefined>((resolve) => {
    // As graphile-worker does when it is stopped while it waits to listen again.
    database.pool.connect((error, _client, release) => {
      release();
      resolve(error);
    });
  });
  expect(answer?.message).toMatch(/after calling end/);
  await drop();
});
