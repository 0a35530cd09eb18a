import { randomUUIDv7 } from "node:crypto";
import { parseArgs } from "node:util";
import { ConfigError, readConfig } from "../config.ts";
import { openDatabase, type Database } from "../database/database.ts";
import { newKey, scopes, storeKey, type Scope } from "./api-keys.ts";

const help = `Makes an API key, and its account where there is none of that name. The key is shown once.

Usage: npm run keys -- --account <name> [--name <key name>] [--scopes READ,SEND,ADMIN]

  --account   the account the key belongs to
  --name      what the key is for (default: "key")
  --scopes    what it may do: READ, SEND, ADMIN (default: READ,SEND)

Needs DATABASE_URL.
`;

const { values } = parseArgs({
  options: {
    account: { type: "string" },
    name: { type: "string", default: "key" },
    scopes: { type: "string", default: "READ,SEND" },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (values.help) process.stdout.write(help);
else await create().catch(report);

async function create(): Promise<void> {
  // oxlint-disable-next-line node/no-process-env
  const { databaseUrl } = readConfig({ ...process.env, NODE_ENV: "development" });
  if (!values.account) throw new ConfigError(`--account is missing.\n\n${help}`);
  if (databaseUrl === undefined)
    throw new ConfigError("DATABASE_URL is missing: which database shall know the key?");
  const database = openDatabase(databaseUrl, { poolSize: 2 });
  try {
    const key = newKey();
    const accountId = await findOrCreateAccount(database, values.account);
    await storeKey(database, key, { accountId, name: values.name, granted: readScopes(values.scopes) });
    process.stdout.write(`${key}\n`);
  } finally {
    await database.close();
  }
}

function readScopes(text: string): Scope[] {
  return text.split(",").map((word) => {
    const scope = scopes.find((known) => known === word.trim().toUpperCase());
    if (scope) return scope;
    throw new ConfigError(`There is no scope "${word}". The scopes are ${scopes.join(", ")}.`);
  });
}

async function findOrCreateAccount({ prisma }: Database, name: string): Promise<string> {
  const known = await prisma.account.findFirst({ where: { name } });
  return (known ?? (await prisma.account.create({ data: { id: randomUUIDv7(), name } }))).id;
}

function report(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
