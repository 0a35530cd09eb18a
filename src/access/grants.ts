import type { Database, Statement } from "../database/database.ts";
import { ForbiddenError, NotFoundError } from "../lib/errors.ts";
import { readRestrictions } from "../lib/send-restrictions.ts";
import { isRangeIn } from "../lib/address-ranges.ts";
import type { Viewer } from "./api-keys.ts";
import { checkWithin } from "./key-restrictions.ts";
import { limitKinds, type RateLimits } from "./rate-limits.ts";
import { withIncluded, type Scope } from "./scopes.ts";

/**
 * A key handles only keys that may do no more than itself. Without this, KEYS would be as much as ADMIN.
 * @throws ForbiddenError
 */
export function checkGrant({ scopes, keyName }: Viewer, granted: readonly string[]): void {
  const beyond = [...withIncluded(granted)].filter((scope: Scope) => !scopes.has(scope));
  if (beyond.length === 0) return;
  throw new ForbiddenError(
    `The key "${keyName}" handles only keys that may do no more than itself, and it lacks ${beyond.join(", ")}.`,
  );
}

/** What bounds a key beside its scopes and restrictions. */
interface Bounds {
  expiresAt?: Date | null | undefined;
  allowedAddresses: readonly string[];
  limits: RateLimits;
}

/**
 * A key without ADMIN makes none that lasts longer, opens from elsewhere or may do more in a second than itself. With
 * ADMIN, people make keys for machines that are elsewhere. @throws ForbiddenError
 */
export function checkBounds(viewer: Viewer, { expiresAt, allowedAddresses, limits }: Bounds): void {
  if (viewer.scopes.has("ADMIN")) return;
  const { expiresAt: ownEnd, allowedAddresses: own } = viewer;
  if (ownEnd && !(expiresAt && expiresAt <= ownEnd))
    throw beyond(viewer, "expiresAt", "no later than its own");
  const isWithin = (text: string): boolean => own?.some((range) => isRangeIn(text, range)) === true;
  if (own && !(allowedAddresses.length > 0 && allowedAddresses.every(isWithin)))
    throw beyond(viewer, "allowedAddresses", "among its own");
  checkLimitsWithin(viewer, limits);
}

/** The same for limits alone, its own included. @throws ForbiddenError */
export function checkLimitsWithin(viewer: Viewer, limits: RateLimits): void {
  if (viewer.scopes.has("ADMIN")) return;
  for (const kind of limitKinds)
    if ((limits[kind] ?? Infinity) > (viewer.limits?.[kind] ?? Infinity))
      throw beyond(viewer, `limits.${kind}`, "no more than its own");
}

const beyond = ({ keyName }: Viewer, field: string, what: string): ForbiddenError =>
  new ForbiddenError(
    `The key "${keyName}" handles only keys that may do no more than itself: their \`${field}\` must be ${what}.`,
  );

interface StoredKey extends Bounds {
  scopes: string[];
  restrictions: unknown;
}

const readScopes: Statement = {
  name: "read_scopes_of_key",
  text: `
    select scopes, restrictions, expires_at as "expiresAt", allowed_addresses as "allowedAddresses", coalesce(limits, '{}') as limits
    from api_keys where account_id = $1 and id = $2`,
};

/** The same for a stored key. @throws ForbiddenError @throws NotFoundError */
export async function checkHandling(database: Database, viewer: Viewer, keyId: string): Promise<void> {
  const values = [viewer.accountId, keyId];
  const [key] = await database.query<StoredKey>(readScopes, values);
  if (!key) throw new NotFoundError("ApiKey", keyId);
  if (keyId === viewer.keyId) return;
  checkGrant(viewer, key.scopes);
  checkWithin(viewer, readRestrictions(key.restrictions));
  checkBounds(viewer, key);
}
