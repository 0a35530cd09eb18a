import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import type { TestProject } from "vitest/node";
import { startEmbeddedPostgres } from "../../src/database/embedded-postgres.ts";
import { migrate } from "../../src/database/migrate.ts";

declare module "vitest" {
  interface ProvidedContext {
    postgresUrl: string;
  }
}

/** The database that every test file's own is cloned from. */
export const templateName = "smsgraph_template";

/** One PostgreSQL for the whole run, with a migrated template in it; and the client package, built as it is now. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  execFileSync("node_modules/.bin/tsc", ["-p", "packages/client"], { shell: process.platform === "win32" });
  const directory = await mkdtemp(join(tmpdir(), "smsgraph-test-"));
  // What a test commits need not outlive a power cut.
  const postgres = await startEmbeddedPostgres(directory, { fsync: "off", max_connections: "300" });
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`create database ${templateName}`);
  await client.end();
  await migrate(databaseUrl(postgres.url, templateName));
  provide("postgresUrl", postgres.url);
  return async () => {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
}

export function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
