import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Logger, runMigrations as migrateJobQueue } from "graphile-worker";
import { Client } from "pg";

const directory = fileURLToPath(new URL("../../prisma/migrations", import.meta.url));
/** The lock that `prisma migrate deploy` takes. */
const lockKey = 72_707_369;
const connectMs = 10_000;

/** The oldest PostgreSQL version that the tests cover (see the README). */
const oldestVersion = 150_000;

/**
 * Updates the schema: ours, recorded the way `prisma migrate deploy` does, and the job queue's. Several
 * processes may start at once; one migrates and the others wait for it.
 */
export async function migrate(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: connectMs });
  // A broken connection also fails the statement. Without a listener its error event would end the process
  // with a stack trace.
  client.on("error", () => undefined);
  await client.connect();
  try {
    await checkVersion(client);
    await client.query("select pg_advisory_lock($1)", [lockKey]);
    await applyMigrations(client);
    await migrateJobQueue({ connectionString: url, logger: quietLogger() });
  } finally {
    await client.end();
  }
}

async function checkVersion(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    "select current_setting('server_version_num')::int as version",
  );
  const version = rows[0]?.version ?? 0;
  if (version < oldestVersion) {
    throw new Error(`PostgreSQL ${Math.floor(version / 10_000)} is too old: smsgraph needs 15 or newer.`);
  }
}

/** The table as Prisma creates it. */
const createRecord = `
  create table if not exists _prisma_migrations (
    id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
    migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
    started_at timestamptz not null default now(), applied_steps_count integer not null default 0
  )`;

const readRecord = `
  select migration_name as name, finished_at is not null as finished from _prisma_migrations
  where rolled_back_at is null`;

async function applyMigrations(client: Client): Promise<void> {
  await client.query(createRecord);
  const { rows } = await client.query<{ name: string; finished: boolean }>(readRecord);
  const unfinished = rows.find(({ finished }) => !finished);
  if (unfinished) {
    throw new Error(
      `\`prisma migrate\` has begun the migration ${unfinished.name} and not finished it. ` +
        "Look at what it has done, and tell with `prisma migrate resolve`.",
    );
  }
  const applied = new Set(rows.map(({ name }) => name));
  for (const name of await listMigrations()) if (!applied.has(name)) await apply(client, name);
}

const record = `
  insert into _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
  values ($1, $2, $3, clock_timestamp(), 1)`;

/** The migration and its record are one transaction: a killed process leaves neither. */
async function apply(client: Client, name: string): Promise<void> {
  const script = await readFile(join(directory, name, "migration.sql"), "utf8");
  const checksum = createHash("sha256").update(script).digest("hex");
  await client.query("begin");
  try {
    await client.query(script);
    await client.query(record, [randomUUID(), checksum, name]);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}

async function listMigrations(): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

function quietLogger(): Logger {
  return new Logger(() => () => undefined);
}
