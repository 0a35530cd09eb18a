import { Client } from "pg";
import { expect, inject, it, onTestFinished } from "vitest";
import { openDatabase, type Database } from "../../src/database/database.ts";
import { patient } from "../../src/database/read-through-outage.ts";
import { createTestDatabase } from "../support/database.ts";

const countAccounts = { name: "count_accounts", text: "select count(*)::int as count from accounts" };

async function open(): Promise<{ database: Database; server: Client; name: string }> {
  const { url, drop } = await createTestDatabase();
  const database = openDatabase(url, { poolSize: 2 });
  const server = new Client({ connectionString: inject("postgresUrl") });
  await server.connect();
  onTestFinished(async () => {
    await database.close();
    await drop();
    await server.end();
  });
  return { database, server, name: new URL(url).pathname.slice(1) };
}

it("a patient read reads when an outage is over", async () => {
  const { database, server, name } = await open();
  await server.query(`alter database ${name} allow_connections false`);
  const reads = patient(database);
  const reading = Promise.all([reads.query(countAccounts, []), reads.prisma.account.count()]);
  await expect(database.query(countAccounts, [])).rejects.toThrow("not currently accepting connections");
  await server.query(`alter database ${name} allow_connections true`);
  expect(await reading).toEqual([[{ count: 0 }], 0]);
});

it("a patient read reads again when its connection was cut", async () => {
  const { database, server, name } = await open();
  await database.query({ name: "make_sequence", text: "create sequence tries" }, []);
  const sleepOnce = {
    name: "sleep_once",
    text: "select pg_sleep(600) from nextval('tries') as try where try = 1",
  };
  const reading = patient(database).query(sleepOnce, []);
  const sleeping = `select pid from pg_stat_activity where datname = '${name}' and wait_event = 'PgSleep'`;
  await expect.poll(async () => (await server.query(sleeping)).rowCount).toBe(1);
  await server.query(`select pg_terminate_backend(pid) from (${sleeping}) as s`);
  expect(await reading).toEqual([]);
});

it("a read passes on an error that is no outage", async () => {
  const { database } = await open();
  const wrong = { name: "wrong", text: "select nothing" };
  await expect(patient(database).query(wrong, [])).rejects.toThrow('column "nothing" does not exist');
});

it("a patient read stops waiting when the database is closed", async () => {
  const { database, server, name } = await open();
  await server.query(`alter database ${name} allow_connections false`);
  const reading = patient(database).query(countAccounts, []);
  await database.close();
  await expect(reading).rejects.toBeInstanceOf(Error);
});
