import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDatabase, planningAnew, type Database } from "../../src/database/database.ts";
import { forgetUsedValues } from "../../src/campaigns/intake/forget-values.ts";
import { countWaiting, createTestDatabase, type TestDatabase } from "../support/database.ts";

let own: TestDatabase;
let database: Database;

beforeAll(async () => {
  own = await createTestDatabase();
  database = openDatabase(own.url, { poolSize: 1 });
});

afterAll(async () => {
  await database.close();
  await own.drop();
});

const one = { name: "one", text: "select $1::int as value" };

const keptPlans = async (): Promise<string[]> =>
  (await database.pool.query<{ name: string }>("select name from pg_prepared_statements")).rows.map(
    ({ name }) => name,
  );

it("a statement keeps its plan, unless it is planned anew each time", async () => {
  const anew = planningAnew(database);
  expect(await anew.query(one, [1])).toEqual([{ value: 1 }]);
  const inTransaction = anew.transaction(async (transaction) => {
    transaction.send?.(one, [2]);
    return transaction.query(one, [3]);
  });
  expect(await inTransaction).toEqual([{ value: 3 }]);
  expect(await keptPlans()).not.toContain("one");
  await database.query(one, [4]);
  expect(await keptPlans()).toContain("one");
});

it("values of a campaign are forgotten in steps that do not grow with the table, though it was empty before", async () => {
  const anew = planningAnew(database);
  const { pool } = database;
  await pool.query("alter table campaign_values set (autovacuum_enabled = false)");
  await pool.query("vacuum analyze campaign_values");
  await forgetUsedValues(anew);
  const [accountId, campaignId] = [randomUUID(), randomUUID()];
  await pool.query("insert into accounts (id, name, created_at) values ($1, 'one', now())", [accountId]);
  await pool.query(
    `insert into campaigns (id, account_id, name, sender, text, status, created_at, updated_at, imported_at)
    values ($1, $2, 'one', 'smsgraph', 'Hello', 'CANCELLED', now(), now(), now())`,
    [campaignId, accountId],
  );
  await pool.query(
    "insert into campaign_values (campaign_id, message_id, position) select $1, gen_random_uuid(), n from generate_series(1, 20000) n",
    [campaignId],
  );
  await forgetUsedValues(anew);
  expect((await pool.query("select from campaign_values")).rowCount).toBe(0);
});

it("a statement that PostgreSQL ends because of a deadlock is run again", async () => {
  await database.pool.query(
    "create table pairs (id int primary key, value int); insert into pairs values (1, 0), (2, 0)",
  );
  const other = new Client({ connectionString: own.url });
  await other.connect();
  // It waits longer than the other side, so it is not the one that is ended.
  await other.query("set deadlock_timeout = '60s'");
  await other.query("begin; update pairs set value = value + 1 where id = 2");
  const both = database.query(
    { name: "both", text: "update pairs set value = value + $1 returning value" },
    [10],
  );
  await expect.poll(() => countWaiting(own.url, "update pairs")).toBe(1);
  await other.query("update pairs set value = value + 1 where id = 1; commit");
  await other.end();
  expect(await both).toEqual([{ value: 11 }, { value: 11 }]);
});
