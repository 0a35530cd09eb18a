import { recordAudit } from "../audit/record.ts";
import type { Database, Statement } from "../database/database.ts";
import { lockKey, requireAnotherAdmin, type KeyChange } from "./last-admin-key.ts";

interface RevokeOptions extends KeyChange {
  /** Allows revoking the last ADMIN key of the account. */
  evenTheLast?: boolean;
}

/**
 * Revokes a key. A trigger tells every process, and everything opened with the key ends within a second. A
 * key that is already revoked stays as it is.
 * @throws NotFoundError, LastAdminKeyError
 */
export async function revokeKey(
  database: Database,
  { evenTheLast = false, ...change }: RevokeOptions,
): Promise<void> {
  const { accountId, keyId } = change;
  await database.transaction(async (transaction) => {
    const key = await lockKey(transaction, change);
    if (!evenTheLast) requireAnotherAdmin(key);
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

const markRevoked: Statement = {
  name: "mark_key_revoked",
  text: `
    update api_keys set revoked_at = now() where id = $1 and revoked_at is null
    returning revoked_at as "revokedAt"`,
};
