import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, inject } from "vitest";
import { databaseUrl, templateName } from "./global-setup.ts";

async function onServer<Row extends object>(statement: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: inject("postgresUrl") });
  await client.connect();
  try {
    return (await client.query<Row>(statement, values)).rows;
  } finally {
    await client.end();
  }
}

export interface TestDatabase {
  url: string;
  drop: () => Promise<void>;
}

/** A migrated database of its own, without rows. */
export const createTestDatabase = (): Promise<TestDatabase> =>
  create(`template ${templateName} strategy file_copy`);

/** For tests of SQL alone: reads the value of an expression, on a migrated database of the file's own. */
export function sqlValues(): (sql: string, values: unknown[]) => Promise<unknown> {
  let database: TestDatabase;
  let client: Client;
  beforeAll(async () => {
    database = await createTestDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });
  return async (sql, values) =>
    (await client.query({ text: `select ${sql}`, values, rowMode: "array" })).rows[0]?.[0];
}

/** A database without any table. */
export const createEmptyDatabase = (): Promise<TestDatabase> => create("");

async function create(options: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await onServer(`create database ${name} ${options}`);
  const drop = async (): Promise<void> =>
    void (await onServer(`drop database if exists ${name} with (force)`));
  return { url: databaseUrl(inject("postgresUrl"), name), drop };
}

/** How many sessions of a database wait for a lock. Asked outside of it: a transaction sees the first answer for ever. */
export async function countWaiting(url: string, text = ""): Promise<number> {
  const [row] = await onServer<{ count: number }>(
    `select count(*)::int from pg_stat_activity
    where datname = $1 and wait_event_type = 'Lock' and query like '%' || $2 || '%'`,
    [new URL(url).pathname.slice(1), text],
  );
  return row?.count ?? 0;
}
