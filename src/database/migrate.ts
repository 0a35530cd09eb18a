import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SchemaEngine } from "@prisma/schema-engine-wasm";
import { Logger, runMigrations as migrateJobQueue } from "graphile-worker";
import { Client } from "pg";
import { withSchemaEngine } from "./schema-engine.ts";

const directory = fileURLToPath(new URL("../../prisma/migrations", import.meta.url));
const lockKey = 7_264_401;

/** The oldest PostgreSQL we are tested with (see the README). */
const oldestVersion = 150_000;

/**
 * Brings the schema up to date: ours (what `prisma migrate deploy` would do, recorded the same way) and the job
 * queue's. Several processes may start at once: one migrates, the others wait for it.
 */
export async function migrate(url: string): Promise<void> {
  const lock = new Client({ connectionString: url });
  await lock.connect();
  try {
    await checkVersion(lock);
    await lock.query("select pg_advisory_lock($1)", [lockKey]);
    await applyMigrations(url);
    await migrateJobQueue({ connectionString: url, logger: quietLogger() });
  } finally {
    await lock.end();
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

async function applyMigrations(url: string): Promise<void> {
  const migrationsList = await listMigrations();
  const filters = { externalTables: [], externalEnums: [] };
  await withSchemaEngine(url, (engine) => engine.applyMigrations({ migrationsList, filters }));
}

async function listMigrations(): Promise<Parameters<SchemaEngine["applyMigrations"]>[0]["migrationsList"]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
  const migrationDirectories = await Promise.all(
    names.map(async (path) => {
      const value = await readFile(join(directory, path, "migration.sql"), "utf8");
      return { path, migrationFile: { path: "migration.sql", content: { tag: "ok" as const, value } } };
    }),
  );
  const content = await readFile(join(directory, "migration_lock.toml"), "utf8");
  return {
    baseDir: directory,
    lockfile: { path: "migration_lock.toml", content },
    shadowDbInitScript: "",
    migrationDirectories,
  };
}

function quietLogger(): Logger {
  return new Logger(() => () => undefined);
}
