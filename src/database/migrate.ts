import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Logger, runMigrations as migrateJobQueue } from "graphile-worker";
import { Client, Pool } from "pg";
import { reachOf } from "./hosts.ts";

/** Our migrations. */
const ours = fileURLToPath(new URL("../../prisma/migrations", import.meta.url));
/** The lock that `prisma migrate deploy` takes. */
const lockKey = 72_707_369;
const connectMs = 10_000;
const askEveryMs = 25;

/** The oldest PostgreSQL version that the tests cover (see the README). */
const oldestVersion = 150_000;

/**
 * Updates the schema: ours, recorded the way `prisma migrate deploy` does, and the job queue's. Several
 * processes may start at once; one migrates and the others wait for it.
 */
export async function migrate(url: string, directory = ours): Promise<void> {
  const client = new Client({ ...reachOf(url), connectionTimeoutMillis: connectMs });
  // A broken connection also fails the statement. Without a listener its error event would end the process
  // with a stack trace.
  client.on("error", () => undefined);
  await client.connect();
  try {
    await checkVersion(client);
    await untilAlone(client);
    await applyMigrations(client, directory);
    const pool = new Pool({ ...reachOf(url), max: 1 });
    // Graphile Worker wants to hear of broken connections; the statement fails as well.
    pool.on("error", () => undefined).on("connect", (one) => void one.on("error", () => undefined));
    try {
      await migrateJobQueue({ pgPool: pool, logger: quietLogger() });
    } finally {
      await pool.end();
    }
  } finally {
    await client.end();
  }
}

/**
 * Asks again and again: whoever waited inside of a statement would hold a snapshot, for whose end an index that is made
 * concurrently waits.
 */
async function untilAlone(client: Client): Promise<void> {
  const lock = "select pg_try_advisory_lock($1) as mine";
  for (;;) {
    const { rows } = await client.query<{ mine: boolean }>(lock, [lockKey]);
    if (rows[0]?.mine) return;
    await pause(askEveryMs);
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

async function applyMigrations(client: Client, directory: string): Promise<void> {
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
  for (const name of await listMigrations(directory)) {
    if (!applied.has(name)) await apply(client, directory, name);
  }
}

const record = `
  insert into _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
  values ($1, $2, $3, clock_timestamp(), 1)`;

/**
 * While a migration waits for a lock, everyone else waits behind it: it gives way after this long, and tries again.
 */
const lockWaitMs = 2_000;
const betweenTriesMs = 1_000;
const mostTries = 200;

async function apply(client: Client, directory: string, name: string): Promise<void> {
  const script = await readFile(join(directory, name, "migration.sql"), "utf8");
  const index = indexMadeConcurrently(script);
  for (let tries = 1; ; tries++) {
    try {
      return await (index === undefined
        ? applyInTransaction(client, name, script)
        : makeIndex(client, name, script, index));
    } catch (error) {
      const hasGivenWay = (error as { code?: string }).code === lockNotAvailable;
      if (!hasGivenWay || tries === mostTries) throw error;
      await pause(betweenTriesMs);
    }
  }
}

const lockNotAvailable = "55P03";

/** The migration and its record are one transaction: a killed process leaves neither. */
async function applyInTransaction(client: Client, name: string, script: string): Promise<void> {
  await client.query("begin");
  try {
    await client.query(`set local lock_timeout = ${lockWaitMs}`);
    await client.query(script);
    await note(client, name, script);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}

/** The index that a migration makes without a lock on its table, which no transaction can; undefined for any other. */
export function indexMadeConcurrently(script: string): string | undefined {
  const statement = script.replaceAll(/--.*$/gm, "").trim();
  return /^create (?:unique )?index concurrently if not exists "?(\w+)"?[^;]*;?$/i.exec(statement)?.[1];
}

/** What a killed process leaves of such an index is of no use to anyone. */
async function makeIndex(client: Client, name: string, script: string, index: string): Promise<void> {
  const { rows } = await client.query(
    "select from pg_index where not indisvalid and indexrelid = to_regclass(quote_ident($1))",
    [index],
  );
  if (rows.length > 0) await client.query(`drop index concurrently ${client.escapeIdentifier(index)}`);
  await client.query(script);
  await note(client, name, script);
}

async function note(client: Client, name: string, script: string): Promise<void> {
  const checksum = createHash("sha256").update(script).digest("hex");
  await client.query(record, [randomUUID(), checksum, name]);
}

export async function listMigrations(directory = ours): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

function quietLogger(): Logger {
  return new Logger(() => () => undefined);
}
