import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, type Config } from "../config.ts";
import { startEmbeddedPostgres } from "../database/embedded-postgres.ts";
import type { Stops } from "../lib/shutdown.ts";
import { claimDirectory } from "./one-process.ts";

/**
 * The database for a command: the one of DATABASE_URL, otherwise the embedded one of an earlier start, which
 * runs until the command ends. Returns its URL.
 * @throws ConfigError when there is none
 */
export async function findDatabase({ databaseUrl, dataDirectory }: Config, stops: Stops): Promise<string> {
  if (databaseUrl !== undefined) return databaseUrl;
  if (!existsSync(join(dataDirectory, "postgres", "PG_VERSION"))) {
    throw new ConfigError(
      `There is no database in ${dataDirectory}. Set DATABASE_URL, or DATA_DIR to smsgraph's data folder.`,
    );
  }
  stops.push(await claimDirectory(dataDirectory));
  const postgres = await startEmbeddedPostgres(dataDirectory);
  stops.push(() => postgres.stop());
  return postgres.url;
}
