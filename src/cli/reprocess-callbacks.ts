import { readArguments } from "./arguments.ts";
import { asCommand } from "./as-command.ts";
import { ConfigError, readConfig, type Config } from "../config.ts";
import { Connections } from "../connections/connections.ts";
import { createSecretBox } from "../connections/secret-box.ts";
import { openDatabase } from "../database/database.ts";
import { readSecret } from "../development/secret-file.ts";
import { findDatabase } from "../development/stored-database.ts";
import { stopAll, type Stops } from "../lib/shutdown.ts";
import { reprocessQuarantined, type ReprocessCounts } from "../callbacks/reprocess.ts";

const help = `Reads quarantined callbacks again: those that came from a provider, were stored, and could not be understood.
Run it after an update that understands them, when the new smsgraph has started once and brought the database up
to date. What can be read now is applied to its messages; the rest stays in quarantine.

Usage: npm run receipts:reprocess

Takes the same environment variables as smsgraph itself. With DATABASE_URL it may run beside smsgraph; the
embedded PostgreSQL in DATA_DIR takes one process at a time, so there smsgraph has to be stopped first.
`;

const progressEvery = 1000;

const options = { help: { type: "boolean", short: "h", default: false } } as const;

async function main(): Promise<void> {
  const stops: Stops = [];
  try {
    const { values } = readArguments({ options }, help);
    if (values.help) return void process.stdout.write(help);
    // oxlint-disable-next-line node/no-process-env
    const config = readConfig(process.env);
    const counts = await reprocess(config, stops);
    process.stdout.write(summary(counts));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await stopAll(stops);
  }
}

async function reprocess(config: Config, stops: Stops): Promise<ReprocessCounts> {
  const secretKey = config.secretKey ?? (await readSecret(config.dataDirectory, "secret-key"));
  const url = await findDatabase(config, stops);
  if (secretKey === undefined)
    throw new ConfigError("SECRET_KEY is missing: give the one that smsgraph runs with.");
  const database = openDatabase(url, { poolSize: 4 });
  stops.push(() => database.close());
  const others = config.otherSecretKey === undefined ? [] : [Buffer.from(config.otherSecretKey, "base64")];
  const box = createSecretBox(Buffer.from(secretKey, "base64"), others);
  const connections = new Connections(database, box, () => "");
  stops.push(() => connections.close());
  return asCommand("npm run receipts:reprocess", () =>
    reprocessQuarantined({ database, connections, onProgress: report }),
  );
}

function report({ read, processed }: Readonly<ReprocessCounts>): void {
  if (read % progressEvery === 0) process.stdout.write(`${read} read, ${processed} understood\n`);
}

function summary({ read, processed, unreadable, ...receipts }: ReprocessCounts): string {
  const { applied, ignored, parked, unknown, dropped } = receipts;
  return `${read} quarantined callbacks read: ${processed} understood, ${unreadable} still not.
Receipts in them: ${applied} applied, ${ignored} ignored (the timeline says why), ${parked} waiting for their message, ${unknown} of unknown messages, ${dropped} dropped, since too many wait.
`;
}

await main();
