import { readConfig } from "../config.ts";
import { migrate } from "../database/migrate.ts";
import { readArguments } from "./arguments.ts";

const help = `Brings the database of DATABASE_URL up to date and ends. smsgraph does the same when it starts; this is for those who
want it done before, by a role that may change tables.

Usage: npm run migrate
`;

const options = { help: { type: "boolean", short: "h", default: false } } as const;

async function main(): Promise<void> {
  const { values } = readArguments({ options }, help);
  if (values.help) return void process.stdout.write(help);
  // oxlint-disable-next-line node/no-process-env
  const { databaseUrl } = readConfig(process.env);
  if (databaseUrl === undefined)
    throw new Error("DATABASE_URL is missing: the embedded PostgreSQL is migrated at the start.");
  await migrate(databaseUrl);
  process.stdout.write("The database is up to date.\n");
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
