import { parseArgs } from "node:util";
import { ConfigError, readConfig } from "../config.ts";
import { openDatabase } from "../database/database.ts";
import { createKey, listKeys, revoke } from "./key-commands.ts";

const help = `Makes, lists and revokes API keys.

Usage: npm run keys -- [create] --account <name> [--name <key name>] [--scopes READ,SEND,ADMIN] [--expires <time>]
       npm run keys -- list [--account <name>]
       npm run keys -- revoke <id> [--force]

create    Makes a key, and its account where there is none of that name. The key is written to standard output,
          this once; nothing else is, so that a script can take it.
  --account   the account the key belongs to
  --name      what the key is for (default: "key")
  --scopes    what it may do: READ, SEND, ADMIN (default: READ,SEND)
  --expires   when it is to end by itself, such as 2027-01-31T00:00:00Z (default: never)

list      Shows the keys of an account, or of all: id, scopes, when made, last used, and whether it still opens.

revoke    Ends a key for good. Within a second every socket and stream opened with it is closed.
  --force     also the last key of its account with the ADMIN scope

Needs DATABASE_URL, in the environment. \`npm run keys -- --help\` shows this.
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
  const { databaseUrl } = readConfig({ ...process.env, NODE_ENV: "development" });
  if (databaseUrl === undefined) {
    throw new ConfigError(
      "DATABASE_URL is missing: which database has the keys? Set it, for example " +
        "DATABASE_URL=postgresql://user:password@localhost/smsgraph.",
    );
  }
  const database = openDatabase(databaseUrl, { poolSize: 2 });
  try {
    if (command === "list") return await listKeys(database, values.account);
    if (command === "create" && !values.account) throw usage("--account is missing.");
    if (command === "create") return await createKey(database, { ...values, account: values.account ?? "" });
    if (rest[0] === undefined) throw usage("Which key? `npm run keys -- list` shows their ids.");
    await revoke(database, rest[0], values.force);
  } finally {
    await database.close();
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

// Whoever reads our output may stop reading, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
