import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { listMigrations, migrate } from "../../src/database/migrate.ts";
import type { RecordedStatement } from "../../scripts/statement-recorder.ts";
import { connectTestSandbox, startTestApp } from "../support/app.ts";
import { countWaiting, createEmptyDatabase } from "../support/database.ts";
import { fill, watchMigration } from "../support/migration-watch.ts";
import { eventually } from "../support/process.ts";

/** What the version before sent to the database, and the migrations that it had (`npm run statements`). */
interface VersionBefore {
  version: string;
  migrations: string[];
  statements: RecordedStatement[];
}

const before = JSON.parse(await readFile("test/fixtures/statements.json", "utf8")) as VersionBefore;

const readMigration = (name: string): Promise<string> =>
  readFile(join("prisma/migrations", name, "migration.sql"), "utf8");

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

async function emptyDatabase(): Promise<{ url: string; client: Client }> {
  const { url, drop } = await createEmptyDatabase();
  onTestFinished(drop);
  return { url, client: await connect(url) };
}

/** A database as the version before left it, with rows in its large tables. */
async function databaseOfBefore(): Promise<Client> {
  const { client } = await emptyDatabase();
  for (const name of before.migrations) await client.query(await readMigration(name));
  await fill(client);
  return client;
}

/** That a row is there already, or that two were in each other's way, is not about the schema. */
const harmless = new Set(["23505", "40001", "40P01"]);

async function tryStatement(client: Client, { name, text, values }: RecordedStatement): Promise<string[]> {
  // The rows that it names are not here.
  await client.query("begin; set local session_replication_role = replica");
  const failure = await client.query({ text, values }).then(
    () => undefined,
    (error: Error & { code: string }) => error,
  );
  await client.query("rollback");
  return failure && !harmless.has(failure.code) ? [`${name ?? text.slice(0, 200)}: ${failure.message}`] : [];
}

it("every statement of the version before works on the migrated database while this version writes", async () => {
  const app = await startTestApp();
  onTestFinished(() => app.stop());
  const { sandbox } = await connectTestSandbox(app);
  onTestFinished(() => sandbox.close());
  const over = new AbortController();
  const writing = (async () => {
    let count = 0;
    for (; !over.signal.aborted; count++) {
      await app.client.data(
        `mutation { sendMessage(input: { to: "+421901000000", text: "${count}" }) { ... on Message { id } } }`,
      );
    }
    return count;
  })();
  const client = await connect(app.databaseUrl);
  const problems: string[] = [];
  for (const statement of before.statements) problems.push(...(await tryStatement(client, statement)));
  over.abort();
  expect(await writing).toBeGreaterThan(0);
  expect(problems).toEqual([]);
  expect(before.statements.length).toBeGreaterThan(100);
});

describe("a migration holds up nobody", () => {
  it("no migration since the version before rewrites a large table, or reads or changes all of it under a lock", async () => {
    const migrations = await listMigrations();
    expect(migrations).toEqual(expect.arrayContaining(before.migrations));
    const client = await databaseOfBefore();
    for (const name of migrations.filter((one) => !before.migrations.includes(one)))
      expect(await watchMigration(client, await readMigration(name)), name).toEqual([]);
  });

  it("what no migration may do is noticed, and what it may do is not", async () => {
    const client = await databaseOfBefore();
    const look = (script: string): Promise<string[]> => watchMigration(client, script);
    expect(await look("alter table messages alter column segments type int")).toEqual([
      "messages is rewritten",
    ]);
    expect(await look("alter table messages add column a uuid default gen_random_uuid()")).toEqual([
      "messages is rewritten",
    ]);
    expect(await look("update messages set text = 'y'")).toEqual(["every row of messages is changed"]);
    expect(await look("create index i on messages (text)")).toEqual(["messages is read while it is locked"]);
    expect(await look("alter table attempts add constraint c check (number > -9)")).toEqual([
      "attempts is read while it is locked",
    ]);
    expect(await look("alter table messages add column b int not null default 7")).toEqual([]);
    expect(await look("alter table messages add constraint c check (segments > -9) not valid")).toEqual([]);
    expect(await look("alter table messages validate constraint c")).toEqual([]);
    expect(await look("create index concurrently if not exists j on messages (text)")).toEqual([]);
    expect(await look("create table t (x int); create index k on t (x)")).toEqual([]);
  });

  it("a migration that has to wait for a lock gives way, so that nobody waits behind it, and comes again", async () => {
    const { url } = await emptyDatabase();
    const other = await connect(url);
    // The migration makes the same type, so it waits to see what becomes of this one.
    await other.query("begin; create type message_status as enum ('QUEUED')");
    const migrating = migrate(url);
    await eventually(async () => (await countWaiting(url)) === 1);
    await eventually(async () => (await countWaiting(url)) === 0);
    await other.query("rollback");
    await migrating;
    const { rows } = await other.query<{ count: number }>("select count(*)::int from _prisma_migrations");
    expect(rows[0]?.count).toBe((await listMigrations()).length);
  });

  it("an index is made without a lock by one of several processes, and made again when that one was killed", async () => {
    const { url, client } = await emptyDatabase();
    const folder = await mkdtemp(join(tmpdir(), "smsgraph-migrations-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const write = async (name: string, script: string): Promise<void> => {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, "migration.sql"), script);
    };
    const index = "-- Wanted.\ncreate unique index concurrently if not exists numbers_idx on numbers (n);\n";
    await write("1_table", "create table numbers (n int); insert into numbers values (1), (1)");
    await migrate(url, folder);
    // As a killed process leaves it: there, and not valid.
    await expect(client.query(index)).rejects.toThrow("could not create unique index");
    await client.query("delete from numbers");
    await write("2_index", index);
    await Promise.all([migrate(url, folder), migrate(url, folder), migrate(url, folder)]);
    const { rows } = await client.query(
      "select indisvalid from pg_index where indexrelid = 'numbers_idx'::regclass",
    );
    expect(rows).toEqual([{ indisvalid: true }]);
  });
});
