import type { Queryable, Statement } from "../database/database.ts";
import { LastAdminKeyError, NotFoundError } from "../lib/errors.ts";
import type { SendRestrictions } from "../lib/send-restrictions.ts";

/** A key that is changed. */
export interface KeyChange {
  accountId: string;
  keyId: string;
  /** The key that changes it: from where it is used, it can be used. */
  byKeyId?: string | undefined;
}

/** A key, for as long as no other key of its account can change. */
export interface LockedKey {
  name: string;
  restrictions: SendRestrictions | null;
  /** Whether no other key could manage the account as well. */
  isLastAdmin: boolean;
}

const lockAccount: Statement = {
  name: "lock_account_of_keys",
  text: "select id from accounts where id = $1 for no key update",
};

/**
 * A key is the last one when no other live ADMIN key is as good: without an expiry, without restrictions, and open from
 * everywhere or in use right now. Nobody may be where another opens.
 */
const readKey: Statement = {
  name: "read_locked_key",
  text: `
    with live_admins as (
      select id, expires_at is null as lasts, restrictions is null as is_unrestricted,
        allowed_addresses = '{}' as opens_everywhere, coalesce(id = $3::uuid, false) as is_used
      from api_keys
      where account_id = $1 and 'ADMIN' = any(scopes) and revoked_at is null
        and (expires_at is null or expires_at > now())
    )
    select name, restrictions,
      exists (
        select from live_admins as own
        where own.id = $2
          and not exists (
            select from live_admins as other
            where other.id <> own.id and other.lasts >= own.lasts and other.is_unrestricted >= own.is_unrestricted
              and (other.opens_everywhere >= own.opens_everywhere or other.is_used)
          )
      ) as "isLastAdmin"
    from api_keys where account_id = $1 and id = $2`,
};

/**
 * Every change that may take an ADMIN key away begins here. Until the transaction ends the account's other keys stay as they
 * are: two keys could otherwise take each other away, and none would be left.
 * @throws NotFoundError
 */
export async function lockKey(
  transaction: Queryable,
  { accountId, keyId, byKeyId }: KeyChange,
): Promise<LockedKey> {
  await transaction.query(lockAccount, [accountId]);
  const [key] = await transaction.query<LockedKey>(readKey, [accountId, keyId, byKeyId ?? null]);
  if (!key) throw new NotFoundError("ApiKey", keyId);
  return key;
}

/** An account keeps an ADMIN key that lasts and is not restricted: without one nobody can manage its keys. @throws LastAdminKeyError */
export function requireAnotherAdmin({ name, isLastAdmin }: LockedKey): void {
  if (isLastAdmin) throw new LastAdminKeyError(name);
}
