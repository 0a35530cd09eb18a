import { randomUUIDv7 } from "node:crypto";
import { recordAudit } from "../audit/record.ts";
import type { Database, Statement } from "../database/database.ts";
import { NotFoundError } from "../lib/errors.ts";
import { hashKey, newKey, prefixOf } from "./api-keys.ts";
import { lockKey } from "./last-admin-key.ts";

export const maxOverlapHours = 720;

interface RotateOptions {
  accountId: string;
  keyId: string;
  /** How long the earlier key still opens; 0: it ends at once. */
  overlapHours: number;
}

const insertSuccessor: Statement = {
  name: "insert_key_successor",
  text: `
    insert into api_keys (id, account_id, name, hash, prefix, scopes, expires_at, limits, allowed_addresses, restrictions, callback_url, allows_get, rotated_from)
    select $3, account_id, name, $4, $5, scopes, expires_at, limits, allowed_addresses, restrictions, callback_url, allows_get, id
    from api_keys
    where account_id = $1 and id = $2 and revoked_at is null and (expires_at is null or expires_at > now())
    for no key update
    returning id`,
};

const endEarlier: Statement = {
  name: "end_rotated_key",
  text: `
    update api_keys
    set expires_at = least(expires_at, now() + make_interval(secs => $2 * 3600)),
      revoked_at = case when $2 = 0 then now() end
    where id = $1
    returning name, expires_at as "expiresAt"`,
};

/**
 * Gives a live key a successor with the same rights, and an end. Both open until then. Returns the new secret,
 * which is not stored.
 * @throws NotFoundError when there is no such key, or it has ended already
 */
export async function rotateKey(
  database: Database,
  { accountId, keyId, overlapHours }: RotateOptions,
): Promise<{ id: string; secret: string }> {
  const [id, secret] = [randomUUIDv7(), newKey()];
  await database.transaction(async (transaction) => {
    // The successor has the same rights, so nothing is taken away; whoever looks for another ADMIN key waits for it.
    await lockKey(transaction, { accountId, keyId });
    const values = [accountId, keyId, id, hashKey(secret), prefixOf(secret)];
    const created = await transaction.query(insertSuccessor, values);
    if (created.length === 0) throw new NotFoundError("ApiKey", keyId, "live API key");
    const [ended] = await transaction.query<{ name: string; expiresAt: Date }>(endEarlier, [
      keyId,
      overlapHours,
    ]);
    await recordAudit(transaction, {
      accountId,
      action: "API_KEY_ROTATED",
      target: { type: "ApiKey", id: keyId },
      after: { ...ended, successorId: id, successorPrefix: prefixOf(secret) },
    });
  });
  return { id, secret };
}
