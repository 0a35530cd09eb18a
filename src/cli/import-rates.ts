import { parseArgs } from "node:util";
import { systemClock } from "../lib/clock.ts";
import { asCommand } from "./as-command.ts";
import { ConfigError, readConfig, type Config } from "../config.ts";
import { openDatabase, type Database } from "../database/database.ts";
import { findDatabase } from "../development/stored-database.ts";
import { isUuid } from "../lib/uuid.ts";
import { stopAll, type Stops } from "../lib/shutdown.ts";
import { columns, readRateFile, type RowProblem } from "../pricing/rates/read-rate-file.ts";
import { writeRates, type NewRate, type RateChanges, type RateOwner } from "../pricing/rates/rate-store.ts";

const help = `Imports the rates of a provider from a CSV file: all of its rows, or none.

Usage: npm run rates:import -- <provider> <file.csv> [--account <name or id>] [--dry-run]

  <provider>   the provider's name, or its id
  --account    the account it belongs to, where several have a provider of that name
  --dry-run    shows what the file would change, and changes nothing

The first row names the columns: ${columns.join(", ")}.
Where a rate counts is said by mccmnc (23101), by mcc and mnc, by mcc alone, or by country (SK, Slovakia). price is
that of one segment, such as 0.045; currency an ISO 4217 code. validFrom is absent or empty for "from now on",
validUntil for an open end; times are UTC where they name no zone. Columns part at comma, semicolon or tab.

A new price ends the validity of the one before, which is kept. The same file once more changes nothing.
Takes the same environment variables as smsgraph itself. With DATABASE_URL it may run beside smsgraph; the
embedded PostgreSQL in DATA_DIR takes one process at a time, so there smsgraph has to be stopped first.
`;

/** How many problems are printed; their total is always given. */
const shownProblems = 20;

interface Options {
  provider: string;
  file: string;
  account: string | undefined;
  dryRun: boolean;
}

/** Thrown to leave the transaction without a commit. */
class DryRun extends Error {
  readonly changes: RateChanges;
  constructor(changes: RateChanges) {
    super("This was a dry run");
    this.changes = changes;
  }
}

async function main(options: Options): Promise<void> {
  const stops: Stops = [];
  try {
    const now = systemClock.now();
    const { rates, rows, problems } = await readRateFile(options.file, now, showProgress);
    if (problems.length > 0) throw new ConfigError(describe(problems, options.file));
    // oxlint-disable-next-line node/no-process-env
    const database = await open(readConfig({ ...process.env, NODE_ENV: "development" }), stops);
    const { owner, name } = await findProvider(database, options);
    const changes = await write(database, owner, rates, options.dryRun);
    const verb = options.dryRun ? "would be" : "were";
    process.stdout.write(
      `${rows} rows for ${name}: ${changes.added} prices ${verb} added, ${changes.ended} earlier ones ${verb} ended, ${changes.unchanged} were known.\n`,
    );
  } catch (error) {
    process.stderr.write(`${printable(error instanceof Error ? error.message : String(error))}\n`);
    process.exitCode = 1;
  } finally {
    await stopAll(stops);
  }
}

async function open(config: Config, stops: Stops): Promise<Database> {
  const url = await findDatabase(config, stops);
  const database = openDatabase(url, { poolSize: 2 });
  stops.push(() => database.close());
  return database;
}

async function findProvider(
  { prisma }: Database,
  { provider, account }: Options,
): Promise<{ owner: RateOwner; name: string }> {
  const id = providerId(provider);
  const rows = await prisma.provider.findMany({
    where: { disconnectedAt: null, ...(id === undefined ? { name: provider } : { id }) },
    include: { account: true },
    orderBy: { id: "asc" },
  });
  const matching = rows.filter(
    (row) => account === undefined || [row.account.name, row.accountId].includes(account),
  );
  const [found, ...others] = matching;
  if (found && others.length === 0) {
    const owner = { accountId: found.accountId, providerId: found.id, source: "IMPORTED" } as const;
    return { owner, name: found.name };
  }
  if (!found) {
    const known = await prisma.provider.findMany({
      where: { disconnectedAt: null },
      distinct: ["name"],
      take: 20,
    });
    const names = known.map(({ name }) => `"${name}"`).join(", ") || "none";
    const whose = account === undefined ? "" : ` in the account "${account}"`;
    throw new ConfigError(`There is no provider "${provider}"${whose}. Connected providers: ${names}.`);
  }
  const accounts = [...new Set(matching.map((row) => row.account.name))];
  const advice =
    accounts.length > 1
      ? `Say whose with --account: ${accounts.map((name) => `"${name}"`).join(", ")}.`
      : `Give its id instead: ${matching.map((row) => row.id).join(", ")}.`;
  throw new ConfigError(`There are ${matching.length} providers "${provider}". ${advice}`);
}

/** Accepts the id of the API or of the database. */
function providerId(text: string): string | undefined {
  const shown =
    /^Provider:(.*)$/.exec(Buffer.from(text, "base64").toString("latin1"))?.[1] ?? text.toLowerCase();
  return isUuid(shown) ? shown : undefined;
}

async function write(
  database: Database,
  owner: RateOwner,
  rates: readonly NewRate[],
  dryRun: boolean,
): Promise<RateChanges> {
  try {
    return await database.transaction(async (transaction) => {
      const changes = await writeRates(transaction, owner, rates, systemClock.now());
      if (dryRun) throw new DryRun(changes);
      return changes;
    });
  } catch (error) {
    if (error instanceof DryRun) return error.changes;
    throw error;
  }
}

/** Control characters of the file could drive the terminal, and others turn round what is shown. */
const printable = (text: string): string => text.replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, "?");

function describe(problems: readonly RowProblem[], file: string): string {
  const shown = problems
    .slice(0, shownProblems)
    .map(({ row, text }) => `Row ${row}: ${text.replaceAll("\n", "?")}`);
  const more = problems.length > shownProblems ? [`… and ${problems.length - shownProblems} more.`] : [];
  const count = problems.length === 1 ? "1 row is" : `${problems.length} rows are`;
  return [
    ...shown,
    ...more,
    `${count} wrong in ${file}, so nothing was stored. Correct it and run this again.`,
  ].join("\n");
}

let shownPercent = -1;

/** A progress bar, on terminals only: it would spoil a log file. */
function showProgress(bytesRead: number, bytes: number): void {
  if (!process.stderr.isTTY) return;
  const percent = bytes === 0 ? 100 : Math.floor((bytesRead / bytes) * 100);
  if (percent === shownPercent) return;
  shownPercent = percent;
  const done = Math.floor(percent / 2.5);
  process.stderr.write(
    `\r[${"#".repeat(done)}${" ".repeat(40 - done)}] ${percent} %${percent === 100 ? "\n" : ""}`,
  );
}

/** The parsed command line; undefined when it was wrong and the problem was printed. */
function readOptions(): Options | "help" | undefined {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        account: { type: "string" },
        "dry-run": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return "help";
    const [provider, file, ...others] = positionals;
    if (provider === undefined || file === undefined || others.length > 0)
      throw new ConfigError("Give the provider and one file.");
    return { provider, file, account: values.account, dryRun: values["dry-run"] };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    process.exitCode = 1;
    return undefined;
  }
}

const options = readOptions();
if (options === "help") process.stdout.write(help);
else if (options) await asCommand("npm run rates:import", () => main(options));
