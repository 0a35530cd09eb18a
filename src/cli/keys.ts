import { readArguments } from "./arguments.ts";
import { asCommand } from "./as-command.ts";
import { ConfigError, readConfig, type Config } from "../config.ts";
import { findDatabase } from "../development/stored-database.ts";
import { stopAll, type Stops } from "../lib/shutdown.ts";
import type { EndpointRules } from "../webhooks/settings.ts";
import { isBounded, setBounds } from "./key-bounds.ts";
import { readGivenServing, setServing } from "./key-serving.ts";
import { openDatabase, type Database } from "../database/database.ts";
import {
  createKey,
  findKey,
  listKeys,
  listTokens,
  revoke,
  revokeWatchToken,
  rotate,
} from "./key-commands.ts";

const help = `Makes, lists, rotates and revokes API keys, and lists and revokes watch tokens.

Usage: npm run keys -- [create] --account <name> [--name <key name>] [--scopes READ,SEND,ADMIN] [--expires <time>]
                       [--addresses 203.0.113.0/24,2001:db8::1] [--limits requests=50,sends=10]
                       [--providers <id>,<id>] [--senders Shop,+421900000000] [--countries SK,CZ]
                       [--callback-url <address>] [--allow-get]
       npm run keys -- list [--account <name>]
       npm run keys -- set <id> [--limits …] [--providers …] [--senders …] [--countries …]
                       [--callback-url <address>] [--allow-get | --no-allow-get]
       npm run keys -- rotate <id> [--overlap <hours>]
       npm run keys -- revoke <id> [--force]
       npm run keys -- tokens [--account <name>]
       npm run keys -- revoke-token <id>

create    Makes a key, and its account if no account has that name. Only the key is written to standard
          output, so that a script can read it. It is shown only once.
  --account   the account the key belongs to
  --name      what the key is for (default: "key")
  --scopes    what it may do: READ, SEND, CAMPAIGNS, BILLING, PROVIDERS, KEYS, WEBHOOKS, ADMIN (default:
              READ,SEND). SEND includes CAMPAIGNS, and ADMIN includes all
  --addresses the addresses and networks it may be used from (default: all)
  --expires   when it is to end by itself, such as 2027-01-31T00:00:00Z (default: never)
  --limits    what it may do in a second: requests, cost, sends, subscriptions, sockets, uploads (default: as for
              everyone)
  --providers, --senders, --countries
              the only ones that it may send through, as and to (default: all)
  --callback-url
              where the served APIs of other vendors post receipts of messages that name no address (default: nowhere)
  --allow-get the served API of Telekom SK takes its requests by GET

set       Changes what is given of a key, within a second; "all" takes a limit or restriction away, and "none" the
          callback address.

list      Shows the keys of an account, or of all: id, how it begins, scopes, when made, last used, whether it still
          opens, and what bounds it.

rotate    Makes a successor with the same rights, written to standard output, and ends the key after the overlap.
  --overlap   in hours; 0 ends it now (default: 24)

revoke    Ends a key for good. Within a second every socket and stream opened with it is closed.
  --force     also the last key of its account with the ADMIN scope

tokens    Shows the watch tokens of an account, or of all, until a day after their end.

revoke-token  Ends a watch token. Within a second everything opened with it is closed.

Takes the same environment variables as smsgraph itself: DATABASE_URL, or in development the database in DATA_DIR, for
which smsgraph has to be stopped (while it runs, \`npx smsgraph keys\` makes them). \`npm run keys -- --help\` shows this.
`;

const options = {
  account: { type: "string" },
  name: { type: "string", default: "key" },
  scopes: { type: "string", default: "READ,SEND" },
  expires: { type: "string" },
  addresses: { type: "string" },
  limits: { type: "string" },
  providers: { type: "string" },
  senders: { type: "string" },
  countries: { type: "string" },
  "callback-url": { type: "string" },
  "allow-get": { type: "boolean" },
  overlap: { type: "string", default: "24" },
  force: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

type Values = ReturnType<typeof readArguments<{ options: typeof options }>>["values"];

/** The commands, and whether each takes an id. */
const takesId: Readonly<Record<string, boolean>> = {
  create: false,
  list: false,
  tokens: false,
  set: true,
  rotate: true,
  revoke: true,
  "revoke-token": true,
};

async function run(
  database: Database,
  command: string,
  id: string | undefined,
  values: Values,
  rules: EndpointRules,
): Promise<void> {
  const { account } = values;
  if (command === "list") return listKeys(database, account);
  if (command === "tokens") return listTokens(database, account);
  if (command === "create" && !account) throw usage("--account is missing.");
  if (command === "create") return createKey(database, { ...values, account: account ?? "" }, rules);
  if (id === undefined) throw usage("Which one? `npm run keys -- list` and `-- tokens` show the ids.");
  if (command === "set") return change(database, id, values, rules);
  if (command === "rotate") return rotate(database, id, values.overlap);
  if (command === "revoke-token") return revokeWatchToken(database, id);
  return revoke(database, id, values.force);
}

async function change(database: Database, id: string, values: Values, rules: EndpointRules): Promise<void> {
  const key = await findKey(database, id);
  const serving = await readGivenServing(values, rules);
  const isChanged = Object.keys(serving).length > 0;
  if (!isChanged && !isBounded(values))
    throw new ConfigError("What is to be set? `npm run keys -- --help` shows what can be.");
  await setBounds(database, key, values);
  await setServing(database, key, serving);
  process.stderr.write(`"${key.name}" is changed; every process goes by it within a second.\n`);
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments(
    { options, allowPositionals: true, allowNegative: true },
    help,
  );
  const [command = "create", ...rest] = positionals;
  if (values.help) return void process.stdout.write(help);
  if (!Object.hasOwn(takesId, command)) throw usage(`There is no command "${command}".`);
  if (rest.length > (takesId[command] ? 1 : 0)) throw usage(`"${rest.at(-1)}" is one word too many.`);
  // oxlint-disable-next-line node/no-process-env
  const config = readConfig({ ...process.env, NODE_ENV: "development" });
  const stops: Stops = [];
  try {
    const database = openDatabase(await find(config, stops), { poolSize: 2 });
    stops.push(() => database.close());
    await run(database, command, rest[0], values, config);
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

const usage = (problem: string): ConfigError => new ConfigError(`${problem}\n\n${help}`);

// The reader of our output may stop reading, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

await asCommand("npm run keys", main).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
