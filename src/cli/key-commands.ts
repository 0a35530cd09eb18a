import { makeAccount } from "../accounts/accounts.ts";
import { table } from "./table.ts";
import { ConfigError } from "../config.ts";
import type { Database } from "../database/database.ts";
import type { ApiKey } from "../database/generated/client.ts";
import { InvalidInputError, LastAdminKeyError, NotFoundError } from "../lib/errors.ts";
import { isStorableTime } from "../lib/storable.ts";
import type { EndpointRules } from "../webhooks/settings.ts";
import { readGivenServing, type GivenServing } from "./key-serving.ts";
import { boundsOf, readGivenRestrictions, readKeyLimits } from "./key-bounds.ts";
import { checkRanges } from "../lib/allowed-addresses.ts";
import { maxOverlapHours, rotateKey } from "../access/rotate.ts";
import { revokeToken } from "../access/stored-tokens.ts";
import { newKey } from "../access/api-keys.ts";
import { scopes, type Scope } from "../access/scopes.ts";
import { storeKey } from "../access/store-key.ts";
import { revokeKey } from "../access/revoke.ts";

interface CreateValues extends GivenServing {
  account: string;
  name: string;
  scopes: string;
  expires?: string | undefined;
  addresses?: string | undefined;
  limits?: string | undefined;
  providers?: string | undefined;
  senders?: string | undefined;
  countries?: string | undefined;
}

/** Only the key is written to standard output; instructions go to standard error. */
export async function createKey(
  database: Database,
  values: CreateValues,
  rules: EndpointRules,
): Promise<void> {
  const granted = readScopes(values.scopes);
  const expiresAt = readExpiry(values.expires);
  const allowedAddresses = readAddresses(values.addresses);
  const limits = values.limits === undefined ? undefined : readKeyLimits(values.limits);
  const { callbackUrl, allowsGet } = await readGivenServing(values, rules);
  const accountId = await findOrCreateAccount(database, values.account);
  const restrictions = await readGivenRestrictions(database, accountId, values);
  const key = newKey();
  const id = await storeKey(database, key, {
    accountId,
    name: values.name,
    granted,
    expiresAt,
    allowedAddresses,
    limits,
    restrictions,
    callbackUrl: callbackUrl ?? undefined,
    allowsGet,
  });
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
    key.prefix ?? "",
    key.scopes.join(","),
    shown(key.createdAt),
    key.lastUsedAt ? shown(key.lastUsedAt) : "never",
    stateOf(key),
    boundsOf(key),
  ]);
  const header = ["ID", "ACCOUNT", "NAME", "BEGINS", "SCOPES", "MADE", "LAST USED", "STATE", "BOUNDS"];
  process.stdout.write(table([header, ...rows]));
  process.stderr.write(
    "\nReplace one: npm run keys -- rotate <id>\nRevoke one:  npm run keys -- revoke <id>\n",
  );
}

/** @throws ConfigError */
export async function revoke(database: Database, id: string, evenTheLast: boolean): Promise<void> {
  const key = await findKey(database, id);
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

/** Only the new key is written to standard output. @throws ConfigError */
export async function rotate(database: Database, id: string, overlap: string): Promise<void> {
  const overlapHours = Number(overlap);
  if (!(overlapHours >= 0 && overlapHours <= maxOverlapHours))
    throw new ConfigError(`--overlap: "${overlap}" is not a number of hours from 0 to ${maxOverlapHours}.`);
  const key = await findKey(database, id);
  try {
    const { accountId } = key;
    const successor = await rotateKey(database, { accountId, keyId: id, overlapHours });
    process.stdout.write(`${successor.secret}\n`);
    process.stderr.write(
      `\nThis is the successor of "${key.name}", shown this once. The earlier key ends ${
        overlapHours === 0 ? "now" : `in ${overlapHours} hours`
      }.\n  Who still uses it: npm run keys -- list\n`,
    );
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new ConfigError(
      `"${key.name}" has ended already. Make another one: npm run keys -- --account <name>`,
    );
  }
}

/** Lists the watch tokens of an account, or of all. */
export async function listTokens({ prisma }: Database, account: string | undefined): Promise<void> {
  const tokens = await prisma.issuedWatchToken.findMany({
    ...(account !== undefined && { where: { key: { account: { name: account } } } }),
    include: { key: { include: { account: true } } },
    orderBy: { id: "asc" },
  });
  const rows = tokens.map((token) => [
    token.id,
    token.key.account.name,
    token.key.name,
    `${token.targetType.toLowerCase()} ${token.targetId}`,
    shown(token.createdAt),
    stateOf(token),
  ]);
  process.stdout.write(table([["ID", "ACCOUNT", "KEY", "OPENS", "MADE", "STATE"], ...rows]));
  process.stderr.write("\nRevoke one: npm run keys -- revoke-token <id>\n");
}

/** @throws ConfigError */
export async function revokeWatchToken(database: Database, id: string): Promise<void> {
  const where = { id };
  const token = isUuid(id) ? await database.prisma.issuedWatchToken.findUnique({ where }) : undefined;
  if (!token)
    throw new ConfigError(
      `There is no watch token with the id ${id}. \`npm run keys -- tokens\` shows them.`,
    );
  await revokeToken(database, token.accountId, id);
  process.stderr.write("The watch token is revoked: what was opened with it is closed within a second.\n");
}

/** @throws ConfigError */
export async function findKey({ prisma }: Database, id: string): Promise<ApiKey> {
  const key = isUuid(id) ? await prisma.apiKey.findUnique({ where: { id } }) : undefined;
  if (key) return key;
  throw new ConfigError(`There is no key with the id ${id}. \`npm run keys -- list\` shows them.`);
}

/** @throws ConfigError */
function readAddresses(text: string | undefined): string[] {
  try {
    return checkRanges(text?.split(",") ?? [], "--addresses");
  } catch (error) {
    throw error instanceof InvalidInputError ? new ConfigError(error.message) : error;
  }
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
  if (expiresAt > new Date() && isStorableTime(expiresAt)) return expiresAt;
  throw new ConfigError(
    `--expires: "${text}" is not a time in the future and before the year 10000, such as 2027-01-31T00:00:00Z.`,
  );
}

async function findOrCreateAccount(database: Database, name: string): Promise<string> {
  const known = await database.prisma.account.findFirst({ where: { name } });
  if (known) return known.id;
  return makeAccount(database, name);
}

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

const shown = (time: Date): string => time.toISOString().slice(0, 16).replace("T", " ");

function stateOf({ revokedAt, expiresAt }: Pick<ApiKey, "revokedAt" | "expiresAt">): string {
  if (revokedAt) return `revoked ${shown(revokedAt)}`;
  if (!expiresAt) return "live";
  return `${expiresAt > new Date() ? "until" : "expired"} ${shown(expiresAt)}`;
}
