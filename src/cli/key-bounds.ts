import { checkLimits } from "../access/check-limits.ts";
import { setKeyLimits } from "../access/key-limits.ts";
import { checkRestrictions, setKeyRestrictions } from "../access/key-restrictions.ts";
import { limitKinds, readLimits, type RateLimits } from "../access/rate-limits.ts";
import { ConfigError } from "../config.ts";
import type { Database } from "../database/database.ts";
import type { ApiKey } from "../database/generated/client.ts";
import { DomainError, LastAdminKeyError } from "../lib/errors.ts";
import { readRestrictions, restrictionKinds, type SendRestrictions } from "../lib/send-restrictions.ts";

/** What bounds a key, as it is given on the command line. */
interface GivenBounds {
  limits?: string | undefined;
  providers?: string | undefined;
  senders?: string | undefined;
  countries?: string | undefined;
}

/** Takes a bound away. */
const none = "all";

/** @throws ConfigError */
export function readKeyLimits(text: string): RateLimits {
  if (text === none) return {};
  const given = text.split(",").map((pair) => {
    const [kind = "", value = ""] = pair.split("=").map((part) => part.trim());
    if (limitKinds.some((known) => known === kind) && value !== "") return [kind, Number(value)] as const;
    throw new ConfigError(
      `--limits: "${pair}" is not one of ${limitKinds.join(", ")} with a number, such as sends=10.`,
    );
  });
  return asConfigError(() => checkLimits(Object.fromEntries(given), "--limits"));
}

/** The restrictions with what was given in place of what they were. @throws ConfigError */
export async function readGivenRestrictions(
  database: Database,
  accountId: string,
  { providers, senders, countries }: GivenBounds,
  before: SendRestrictions = {},
): Promise<SendRestrictions> {
  const given = { providerIds: providers, senders, countries };
  const lists = restrictionKinds.flatMap((kind) => {
    const text = given[kind];
    const list = text === undefined ? before[kind] : text === none ? undefined : listOf(text);
    return list ? [[kind, list] as const] : [];
  });
  try {
    return await checkRestrictions(database, accountId, Object.fromEntries(lists));
  } catch (error) {
    throw toConfigError(error);
  }
}

const listOf = (text: string): string[] => text.split(",").map((entry) => entry.trim());

/** Whether any bound is given. */
export const isBounded = ({ limits, ...lists }: GivenBounds): boolean =>
  Object.values({ limits, ...pick(lists) }).some((text) => text !== undefined);

/** Changes what is given of a key's bounds. @throws ConfigError */
export async function setBounds(database: Database, key: ApiKey, given: GivenBounds): Promise<void> {
  const { id: keyId, accountId } = key;
  const { limits, ...lists } = given;
  if (Object.values(pick(lists)).some((text) => text !== undefined)) {
    const before = readRestrictions(key.restrictions);
    const restrictions = await readGivenRestrictions(database, accountId, lists, before);
    await restrict(database, key, restrictions);
  }
  if (limits !== undefined) await setKeyLimits(database, accountId, keyId, readKeyLimits(limits));
}

/** @throws ConfigError */
async function restrict(
  database: Database,
  { id: keyId, accountId, name }: ApiKey,
  restrictions: SendRestrictions,
): Promise<void> {
  try {
    await setKeyRestrictions(database, { accountId, keyId }, restrictions);
  } catch (error) {
    if (!(error instanceof LastAdminKeyError)) throw error;
    throw new ConfigError(
      `"${name}" is the last key of its account that manages all others: with the ADMIN scope, and without an end, addresses ` +
        "or restrictions. Make another one first: npm run keys -- --account <name> --scopes ADMIN",
    );
  }
}

const pick = ({ providers, senders, countries }: GivenBounds) => ({ providers, senders, countries });

/** Limits and restrictions in short, and what it means to the served APIs. */
export function boundsOf({ limits, restrictions, allowedAddresses, ...served }: ApiKey): string {
  const { providerIds, senders, countries } = readRestrictions(restrictions) ?? {};
  const own = readLimits(limits) ?? {};
  const bounds = [
    ...limitKinds.flatMap((kind) => (own[kind] === undefined ? [] : [`${kind}=${own[kind]}`])),
    ...(providerIds ? [`providers: ${providerIds.length}`] : []),
    ...(senders ? [`senders: ${senders.join(" ")}`] : []),
    ...(countries ? [`countries: ${countries.join(" ")}`] : []),
    ...(allowedAddresses.length > 0 ? [`addresses: ${allowedAddresses.length}`] : []),
    ...(served.callbackUrl === null ? [] : [`callback: ${served.callbackUrl}`]),
    ...(served.allowsGet ? ["GET"] : []),
  ];
  return bounds.join(", ");
}

function asConfigError<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw toConfigError(error);
  }
}

const toConfigError = (error: unknown): unknown =>
  error instanceof DomainError ? new ConfigError(error.message) : error;
