import { recordAudit } from "../audit/record.ts";
import type { Database, Statement } from "../database/database.ts";
import { NotFoundError } from "../lib/errors.ts";
import type { RateLimits } from "./rate-limits.ts";

/** Replaces the rate limits of a key. @throws NotFoundError */
export async function setKeyLimits(
  database: Database,
  accountId: string,
  keyId: string,
  limits: RateLimits,
): Promise<void> {
  await database.transaction(async (transaction) => {
    const [key] = await transaction.query<{ before: RateLimits | null }>(lock, [accountId, keyId]);
    if (!key) throw new NotFoundError("ApiKey", keyId);
    await transaction.query(update, [keyId, JSON.stringify(limits)]);
    await recordAudit(transaction, {
      accountId,
      action: "API_KEY_UPDATED",
      target: { type: "ApiKey", id: keyId },
      before: { limits: key.before ?? {} },
      after: { limits },
    });
  });
}

// In a statement of its own: see the lock of campaigns in campaigns/life-cycle.ts.
const lock: Statement = {
  name: "lock_key_to_limit",
  text: "select limits as before from api_keys where account_id = $1 and id = $2 for no key update",
};

const update: Statement = {
  name: "update_key_limits",
  text: "update api_keys set limits = $2::jsonb where id = $1",
};
