import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { inject } from "vitest";
import { databaseUrl, templateName } from "./global-setup.ts";

async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: inject("postgresUrl") });
  await client.connect();
  try {
    await client.query(statement);
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

/** A database without any table. */
export const createEmptyDatabase = (): Promise<TestDatabase> => create("");

async function create(options: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await onServer(`create database ${name} ${options}`);
  const drop = (): Promise<void> => onServer(`drop database if exists ${name} with (force)`);
  return { url: databaseUrl(inject("postgresUrl"), name), drop };
}
