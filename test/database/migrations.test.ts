import { readFile } from "node:fs/promises";
import { Client } from "pg";
import { expect, it, onTestFinished } from "vitest";
import { migrate } from "../../src/database/migrate.ts";
import { withSchemaEngine } from "../support/schema-engine.ts";
import { countWaiting, createEmptyDatabase } from "../support/database.ts";
import { startTestApp } from "../support/app.ts";
import { connectProvider } from "../support/mutations.ts";
import { eventually } from "../support/process.ts";

async function query<Row>(url: string, text: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows as Row[];
  } finally {
    await client.end();
  }
}

/** Everything the migrations can make, as PostgreSQL describes it. */
async function describeDatabase(url: string): Promise<unknown[]> {
  const columns = `
    select table_name, column_name, data_type, udt_name, is_nullable, column_default, datetime_precision
    from information_schema.columns where table_schema = 'public' and table_name <> '_prisma_migrations'
    order by table_name, column_name`;
  const indexes = `
    select indexname, indexdef from pg_indexes
    where schemaname = 'public' and tablename <> '_prisma_migrations' order by indexname`;
  const constraints = `
    select conname, pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'public'::regnamespace and conrelid::regclass::text <> '_prisma_migrations'
    order by conname`;
  const enums = `
    select typname, array_agg(enumlabel::text order by enumsortorder) from pg_enum
    join pg_type on pg_type.oid = enumtypid group by typname order by typname`;
  return Promise.all([columns, indexes, constraints, enums].map((text) => query(url, text)));
}

it("a migration brings a database to exactly what schema.prisma says", async () => {
  const [migrated, modelled] = await Promise.all([createEmptyDatabase(), createEmptyDatabase()]);
  await migrate(migrated.url);
  const content = await readFile("prisma/schema.prisma", "utf8");
  const { stdout } = await withSchemaEngine(modelled.url, (engine) =>
    engine.diff({
      from: { tag: "empty" },
      to: { tag: "schemaDatamodel", files: [{ path: "schema.prisma", content }] },
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    }),
  );
  await query(modelled.url, stdout ?? "");
  expect(await describeDatabase(migrated.url)).toEqual(await describeDatabase(modelled.url));
  await Promise.all([migrated.drop(), modelled.drop()]);
});

it("a migration may run again, and in several processes at once", async () => {
  const { url, drop } = await createEmptyDatabase();
  await Promise.all([migrate(url), migrate(url), migrate(url)]);
  const rows = await query<{ name: string; applied: boolean }>(
    url,
    "select migration_name as name, finished_at is not null as applied from _prisma_migrations",
  );
  expect(rows.length).toBe(new Set(rows.map(({ name }) => name)).size);
  expect(rows.every(({ applied }) => applied)).toBe(true);
  await drop();
});

it("a migration that was cut off in the middle starts again", async () => {
  const { url, drop } = await createEmptyDatabase();
  const other = new Client({ connectionString: url });
  await other.connect();
  // The migration makes the same type, so it waits to see what becomes of this one.
  await other.query("begin; create type message_status as enum ('QUEUED')");
  const cut = migrate(url);
  const failure = cut.then(String, String);
  await eventually(async () => (await countWaiting(url)) === 1);
  await other.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  expect(await failure).toContain("terminating connection");
  await other.query("rollback");
  await other.end();
  await migrate(url);
  const rows = await query<{ finished: boolean }>(
    url,
    "select finished_at is not null as finished from _prisma_migrations",
  );
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.every(({ finished }) => finished)).toBe(true);
  await drop();
});

it("a migration needs a role that owns its database, and no superuser", async () => {
  const { url, drop } = await createEmptyDatabase();
  const own = new URL(url);
  const name = own.pathname.slice(1);
  const role = `owner_of_${name}`;
  await query(url, `create role ${role} login password 'x'; alter database ${name} owner to ${role}`);
  onTestFinished(async () => {
    await query(url, `reassign owned by ${role} to current_user; drop owned by ${role}`);
    await drop();
  });
  own.username = role;
  own.password = "x";
  await migrate(own.href);
  const app = await startTestApp({ databaseUrl: own.href });
  onTestFinished(() => app.stop());
  await connectProvider(app.client, { defaultSender: "smsgraph", baseUrl: "http://127.0.0.1:9" });
  const { sendMessage } = await app.client.data<{ sendMessage: object }>(
    `mutation { sendMessage(input: { to: "+421901000000", text: "x" }) { ... on Message { status } } }`,
  );
  expect(sendMessage).toEqual({ status: "QUEUED" });
});
