import { parseArgs } from "node:util";
import { ConfigError, readConfig, type Config } from "../config.ts";
import { findDatabase } from "../development/stored-database.ts";
import { stopAll, type Stops } from "../lib/shutdown.ts";
import { openDatabase } from "../database/database.ts";
import { createKey, listKeys, revoke } from "./key-commands.ts";

const help = `Makes, lists and revokes API keys.

Usage: npm run keys -- [create] --account <name> [--name <key name>] [--scopes READ,SEND,ADMIN] [--expires <time>]
       npm run keys -- list [--account <name>]
       npm run keys -- revoke <id> [--force]

create    Makes a key, and its account if no account has that name. Only the key is written to standard
          output, so that a script can read it. It is shown only once.
  --account   the account the key belongs to
  --name      what the key is for (default: "key")
  --scopes    what it may do: READ, SEND, ADMIN (default: READ,SEND)
  --expires   when it is to end by itself, such as 2027-01-31T00:00:00Z (default: never)

list      Shows the keys of an account, or of all: id, scopes, when made, last used, and whether it still opens.

revoke    Ends a key for good. Within a second every socket and stream opened with it is closed.
  --force     also the last key of its account with the ADMIN scope

Takes the same environment variables as smsgraph itself: DATABASE_URL, or in development the database in DATA_DIR, for
which smsgraph has to be stopped (while it runs, \`npx smsgraph keys\` makes them). \`npm run keys -- --help\` shows this.
`;

const options = {
  account: { type: "string" },
  name: { type: "string", default: "key" },
  scopes: { type: "string", default: "READ,SEND" },
  expires: { type: "string" },
  force: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  const [command = "create", ...rest] = positionals;
  if (values.help) return void process.stdout.write(help);
  if (!["create", "list", "revoke"].includes(command)) throw usage(`There is no command "${command}".`);
  if (rest.length > (command === "revoke" ? 1 : 0)) throw usage(`"${rest.at(-1)}" is one word too many.`);
  // oxlint-disable-next-line node/no-process-env
  const config = readConfig({ ...process.env, NODE_ENV: "development" });
  const stops: Stops = [];
  try {
    const database = openDatabase(await find(config, stops), { poolSize: 2 });
    stops.push(() => database.close());
    if (command === "list") return await listKeys(database, values.account);
    if (command === "create" && !values.account) throw usage("--account is missing.");
    if (command === "create") return await createKey(database, { ...values, account: values.account ?? "" });
    if (rest[0] === undefined) throw usage("Which key? `npm run keys -- list` shows their ids.");
    await revoke(database, rest[0], values.force);
  } finally {
    await stopAll(stops);
  }
}

/** Only one process can use the embedded PostgreSQL. While smsgraph runs, keys are made through its API. */
async function find(config: Config, stops: Stops): Promise<string> {
  try {
    return await findDatabase(config, stops);
  } catch (error) {
    if (error instanceof ConfigError || !(error instanceof Error)) throw error;
    throw new ConfigError(`${error.message} While it runs, use \`npx smsgraph keys\`.`);
  }
}

function readArguments() {
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw usage((error as Error).message);
  }
}

const usage = (problem: string): ConfigError => new ConfigError(`${problem}\n\n${help}`);

// The reader of our output may stop reading, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
