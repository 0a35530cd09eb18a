import { readArguments } from "./arguments.ts";
import { ConfigError, readConfig, type Config } from "../config.ts";
import { openDatabase, type Database } from "../database/database.ts";
import { readSecret } from "../development/secret-file.ts";
import { findDatabase } from "../development/stored-database.ts";
import { stopAll, type Stops } from "../lib/shutdown.ts";
import { reseal, type ResealCounts } from "../secrets/reseal.ts";

const help = `Changes the key that secrets in the database are encrypted with, while smsgraph runs.

Usage: npm run secrets:rotate [-- --check]

SECRET_KEY        the new key
SECRET_KEY_OTHER  the one before

1. Make a key: openssl rand -base64 32
2. With several processes: start each anew with SECRET_KEY as before and SECRET_KEY_OTHER=<new key>, so that all can
   read what the first of them writes with the new one. With a single process, leave this out.
3. Start each anew with SECRET_KEY=<new key> and SECRET_KEY_OTHER=<old key>. Everything is readable with both.
4. Run this command with the same two. It may be interrupted and run again: it does what is left.
5. When it says so, start each anew without SECRET_KEY_OTHER, and destroy the old key.

--check  only counts what is left; the exit code is 1 while there is something

Takes the same environment variables as smsgraph itself. With DATABASE_URL it runs beside smsgraph; the embedded
PostgreSQL in DATA_DIR takes one process at a time, so there smsgraph has to be stopped.
`;

const options = {
  check: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

async function main(): Promise<void> {
  const stops: Stops = [];
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  process.once("SIGTERM", () => interrupted.abort());
  try {
    const { values } = readArguments({ options }, help);
    if (values.help) return void process.stdout.write(help);
    const checkOnly = values.check;
    // oxlint-disable-next-line node/no-process-env
    const config = readConfig({ ...process.env, NODE_ENV: "development" });
    const keys = await keysOf(config, checkOnly);
    const database = openDatabase(await findDatabase(config, stops), { poolSize: 2 });
    stops.push(() => database.close());
    const { signal } = interrupted;
    const results = await reseal({ database, ...keys, checkOnly, signal, onProgress: report });
    for (const result of results) process.stdout.write(lineOf(result, checkOnly));
    process.stdout.write(await conclusion(database, results, { checkOnly, isBroken: signal.aborted }));
    process.exitCode = isFinished(results, checkOnly) && !signal.aborted ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await stopAll(stops);
  }
}

async function keysOf(
  { secretKey, otherSecretKey, dataDirectory }: Config,
  checkOnly: boolean,
): Promise<{ key: Uint8Array; others: Uint8Array[] }> {
  const key = secretKey ?? (await readSecret(dataDirectory, "secret-key"));
  if (key === undefined) throw new ConfigError("SECRET_KEY is missing: give the new key.");
  if (otherSecretKey === undefined && !checkOnly)
    throw new ConfigError("SECRET_KEY_OTHER is missing: give the key that SECRET_KEY replaces.");
  const others = otherSecretKey === undefined ? [] : [Buffer.from(otherSecretKey, "base64")];
  return { key: Buffer.from(key, "base64"), others };
}

const progressEvery = 1_000;

function report({ column, done, total, resealed }: Readonly<ResealCounts>): void {
  if (done % progressEvery === 0)
    process.stderr.write(`${column}: ${done} of ${total}, ${resealed} changed\n`);
}

function lineOf({ column, done, resealed, unreadable }: ResealCounts, checkOnly: boolean): string {
  const what = checkOnly ? "with another key" : "encrypted anew";
  const lost = unreadable.length === 0 ? "" : `, ${unreadable.length} that neither key opens`;
  const shown = unreadable.slice(0, 20).map((id) => `  ${id}\n`);
  return `${column}: ${done} read, ${resealed} ${what}${lost}\n${shown.join("")}`;
}

const isFinished = (results: readonly ResealCounts[], checkOnly: boolean): boolean =>
  results.every(({ resealed, unreadable }) => unreadable.length === 0 && (!checkOnly || resealed === 0));

async function conclusion(
  { prisma }: Database,
  results: readonly ResealCounts[],
  { checkOnly, isBroken }: { checkOnly: boolean; isBroken: boolean },
): Promise<string> {
  if (isBroken) return "Broken off. Run it again: it does what is left.\n";
  if (!isFinished(results, checkOnly)) return "The old key is still needed.\n";
  const token = await prisma.issuedWatchToken.findFirst({ orderBy: { expiresAt: "desc" } });
  const isLive = token !== null && token.expiresAt > new Date();
  const signed = "Watch tokens that it signed end with it";
  return isLive
    ? `Nothing in the database needs the old key. ${signed}: the last of all tokens ends at ${token.expiresAt.toISOString()}.\n`
    : "Nothing in the database needs the old key. Start smsgraph without SECRET_KEY_OTHER.\n";
}

await main();
