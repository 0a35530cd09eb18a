import { randomUUIDv7 } from "node:crypto";
import { ConfigError } from "../config.ts";
import type { Database } from "../database/database.ts";
import type { ApiKey } from "../database/generated/client.ts";
import { LastAdminKeyError } from "../lib/errors.ts";
import { newKey, scopes, storeKey, type Scope } from "../access/api-keys.ts";
import { revokeKey } from "../access/revoke.ts";

interface CreateValues {
  account: string;
  name: string;
  scopes: string;
  expires?: string | undefined;
}

/** Only the key is written to standard output; instructions go to standard error. */
export async function createKey(database: Database, values: CreateValues): Promise<void> {
  const granted = readScopes(values.scopes);
  const expiresAt = readExpiry(values.expires);
  const accountId = await findOrCreateAccount(database, values.account);
  const key = newKey();
  const id = await storeKey(database, key, { accountId, name: values.name, granted, expiresAt });
  process.stdout.write(`${key}\n`);
  process.stderr.write(
    `\nThis is the key "${values.name}" of ${values.account}, shown this once; it may ${granted.join(", ")}.\n` +
      `  Use it:    Authorization: Bearer <key>, on /graphql\n  Revoke it: npm run keys -- revoke ${id}\n`,
  );
}

/** @throws ConfigError when there is no such account */
export async function listKeys({ prisma }: Database, account: string | undefined): Promise<void> {
  if (account !== undefined && (await prisma.account.count({ where: { name: account } })) === 0) {
    throw new ConfigError(
      `There is no account "${account}". \`npm run keys -- list\` shows the keys of all accounts.`,
    );
  }
  const keys = await prisma.apiKey.findMany({
    ...(account !== undefined && { where: { account: { name: account } } }),
    include: { account: true },
    orderBy: { id: "asc" },
  });
  if (keys.length === 0) {
    process.stderr.write("There is no key yet. Make one: npm run keys -- --account <name>\n");
    return;
  }
  const rows = keys.map((key) => [
    key.id,
    key.account.name,
    key.name,
    key.scopes.join(","),
    shown(key.createdAt),
    key.lastUsedAt ? shown(key.lastUsedAt) : "never",
    stateOf(key),
  ]);
  const header = ["ID", "ACCOUNT", "NAME", "SCOPES", "MADE", "LAST USED", "STATE"];
  process.stdout.write(table([header, ...rows]));
  process.stderr.write("\nRevoke one: npm run keys -- revoke <id>\n");
}

/** @throws ConfigError */
export async function revoke(database: Database, id: string, evenTheLast: boolean): Promise<void> {
  const key = isUuid(id) ? await database.prisma.apiKey.findUnique({ where: { id } }) : undefined;
  if (!key) throw new ConfigError(`There is no key with the id ${id}. \`npm run keys -- list\` shows them.`);
  if (key.revokedAt) {
    process.stderr.write(`"${key.name}" was revoked before, at ${shown(key.revokedAt)}.\n`);
    return;
  }
  try {
    await revokeKey(database, { accountId: key.accountId, keyId: id, evenTheLast });
  } catch (error) {
    if (!(error instanceof LastAdminKeyError)) throw error;
    throw new ConfigError(
      `"${key.name}" is the last key of its account with the ADMIN scope. Make another one first, or add --force.`,
    );
  }
  process.stderr.write(
    `"${key.name}" is revoked: what was opened with it is closed within a second.\n` +
      "Make another one: npm run keys -- --account <name>\n",
  );
}

function readScopes(text: string): Scope[] {
  return text.split(",").map((word) => {
    const scope = scopes.find((known) => known === word.trim().toUpperCase());
    if (scope) return scope;
    throw new ConfigError(`There is no scope "${word}". The scopes are ${scopes.join(", ")}.`);
  });
}

function readExpiry(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const expiresAt = new Date(text);
  if (expiresAt > new Date()) return expiresAt;
  throw new ConfigError(`--expires: "${text}" is not a time in the future, such as 2027-01-31T00:00:00Z.`);
}

async function findOrCreateAccount({ prisma }: Database, name: string): Promise<string> {
  const known = await prisma.account.findFirst({ where: { name } });
  return (known ?? (await prisma.account.create({ data: { id: randomUUIDv7(), name } }))).id;
}

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

const shown = (time: Date): string => time.toISOString().slice(0, 16).replace("T", " ");

function stateOf({ revokedAt, expiresAt }: ApiKey): string {
  if (revokedAt) return `revoked ${shown(revokedAt)}`;
  if (!expiresAt) return "live";
  return `${expiresAt > new Date() ? "until" : "expired"} ${shown(expiresAt)}`;
}

/**
 * A table with aligned columns. Control characters in names are removed, because they could drive the
 * terminal.
 */
function table(rows: string[][]): string {
  const clean = rows.map((row) => row.map((cell) => cell.replace(/\p{Cc}/gu, "?")));
  const widths = (clean[0] ?? []).map((_, column) =>
    Math.max(...clean.map((row) => row[column]?.length ?? 0)),
  );
  return clean
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
