import { Accounts } from "../accounts/accounts.ts";
import { ConfigError, readConfig } from "../config.ts";
import { openDatabase, type Database } from "../database/database.ts";
import { findDatabase } from "../development/stored-database.ts";
import { readArguments } from "./arguments.ts";
import { asCommand } from "./as-command.ts";
import { stopAll, type Stops } from "../lib/shutdown.ts";
import { createAccount, deleteAccount, findAccount, listAccounts } from "./account-commands.ts";

const help = `Makes, lists, suspends, resumes and deletes accounts.

Usage: npm run accounts -- list
       npm run accounts -- create <name>
       npm run accounts -- suspend <name or id>
       npm run accounts -- resume <name or id>
       npm run accounts -- delete <name or id> --yes

create    Makes an account and its first key, which may do everything. Only the key is written to standard output.
          It is shown only once.
list      Shows all accounts: id, name, when made, and whether they may be used.
suspend   Within a second the account's keys and tokens are refused everywhere, its sockets, streams, uploads and
          exports end, its webhooks stop, and nothing more is sent. Receipts of what was sent are still taken.
resume    Lets it go on where it stopped.
delete    Suspends it and deletes everything of it, in small steps, and says how far that is. It may be interrupted:
          a running worker, or the same command again, goes on. It cannot be taken back.
  --yes       needed, because of that

KEEP_DELETED_TOTALS=false also deletes its messages and costs by month (table deleted_account_totals).

Takes the same environment variables as smsgraph itself: DATABASE_URL, or in development the database in DATA_DIR, for
which smsgraph has to be stopped. While it runs, the key in OPERATOR_KEY does the same through the API.
`;

const options = {
  yes: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const usage = (problem: string): ConfigError => new ConfigError(`${problem}\n\n${help}`);

async function main(): Promise<void> {
  const { values, positionals } = readArguments({ options, allowPositionals: true }, help);
  if (values.help) return void process.stdout.write(help);
  const [command = "list", ...words] = positionals;
  const [who] = words;
  if (!["create", "list", "suspend", "resume", "delete"].includes(command))
    throw usage(`There is no command "${command}".`);
  if (words.length > (command === "list" ? 0 : 1))
    throw usage(`"${words.at(-1)}" is one word too many. Names with spaces need quotation marks.`);
  if (command !== "list" && !who) throw usage(`Which account? \`${command}\` needs its name.`);
  // oxlint-disable-next-line node/no-process-env
  const config = readConfig({ ...process.env, NODE_ENV: "development" });
  const stops: Stops = [];
  try {
    const database = openDatabase(await findDatabase(config, stops), { poolSize: 2 });
    stops.push(() => database.close());
    await run(database, new Accounts(database, config.keepsDeletedTotals), {
      command,
      who,
      isSure: values.yes,
    });
  } finally {
    await stopAll(stops);
  }
}

interface Command {
  command: string;
  who: string | undefined;
  isSure: boolean;
}

async function run(
  database: Database,
  accounts: Accounts,
  { command, who = "", isSure }: Command,
): Promise<void> {
  if (command === "list") return listAccounts(database);
  if (command === "create") return createAccount(accounts, who);
  const account = await findAccount(database, who);
  if (command === "delete") {
    if (!isSure) throw new ConfigError(`This deletes everything of "${account.name}" for good. Add --yes.`);
    return deleteAccount(database, accounts, account);
  }
  if (command === "suspend") await accounts.suspend(account.id);
  else await accounts.resume(account.id);
  process.stderr.write(`"${account.name}" is ${command === "suspend" ? "suspended" : "active again"}.\n`);
}

// The reader of our output may stop reading, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

await asCommand("npm run accounts", main).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
