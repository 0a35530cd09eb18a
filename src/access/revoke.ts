import { recordAudit } from "../audit/record.ts";
import type { Database, Queryable, Statement } from "../database/database.ts";
import { LastAdminKeyError, NotFoundError } from "../lib/errors.ts";

interface RevokeOptions {
  accountId: string;
  keyId: string;
  /** The key that revokes it: from where it is used, it can be used. */
  byKeyId?: string;
  /** Allows revoking the last non-expiring ADMIN key of the account. */
  evenTheLast?: boolean;
}

/**
 * Revokes a key. A trigger tells every process, and everything opened with the key ends within a second. A
 * key that is already revoked stays as it is.
 * @throws NotFoundError, LastAdminKeyError
 */
export async function revokeKey(
  database: Database,
  { accountId, keyId, byKeyId, evenTheLast = false }: RevokeOptions,
): Promise<void> {
  await database.transaction(async (transaction) => {
    // Without this lock, two keys could revoke each other, and none would be left.
    await transaction.query(lockAccount, [accountId]);
    const key = await readKey(transaction, [accountId, keyId, byKeyId ?? null]);
    if (!key) throw new NotFoundError("ApiKey", keyId);
    if (key.isLastAdmin && !evenTheLast) throw new LastAdminKeyError(key.name);
    const [revoked] = await transaction.query<{ revokedAt: Date }>(markRevoked, [keyId]);
    if (!revoked) return;
    const target = { type: "ApiKey", id: keyId } as const;
    const { name } = key;
    await recordAudit(transaction, {
      accountId,
      action: "API_KEY_REVOKED",
      target,
      after: { name, ...revoked },
    });
  });
}

interface KeyRow {
  name: string;
  isLastAdmin: boolean;
}

async function readKey(
  transaction: Queryable,
  values: [accountId: string, keyId: string, byKeyId: string | null],
): Promise<KeyRow | undefined> {
  const [key] = await transaction.query<KeyRow>(readKeyToRevoke, values);
  return key;
}

const lockAccount: Statement = {
  name: "lock_account_of_keys",
  text: "select id from accounts where id = $1 for no key update",
};

/**
 * A key is the last one when no other ADMIN key that never expires would be left: one without restrictions, which opens
 * from everywhere or is in use right now. Nobody may be where another opens.
 */
const readKeyToRevoke: Statement = {
  name: "read_key_to_revoke",
  text: `
    with live_admins as (
      select id, expires_at is null as lasts, allowed_addresses = '{}' and restrictions is null as is_free,
        id = $3::uuid and restrictions is null as is_used
      from api_keys
      where account_id = $1 and 'ADMIN' = any(scopes) and revoked_at is null
        and (expires_at is null or expires_at > now())
    )
    select name,
      exists (
        select from live_admins as own
        where own.id = $2
          and not exists (
            select from live_admins as other
            where other.id <> own.id and other.lasts >= own.lasts and (other.is_free >= own.is_free or other.is_used)
          )
      ) as "isLastAdmin"
    from api_keys where account_id = $1 and id = $2`,
};

const markRevoked: Statement = {
  name: "mark_key_revoked",
  text: `
    update api_keys set revoked_at = now() where id = $1 and revoked_at is null
    returning revoked_at as "revokedAt"`,
};
