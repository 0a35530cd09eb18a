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
    const values = [accountId, keyId, JSON.stringify(limits)];
    const [key] = await transaction.query<{ before: RateLimits | null }>(updateKeyLimits, values);
    if (!key) throw new NotFoundError("ApiKey", keyId);
    await recordAudit(transaction, {
      accountId,
      action: "API_KEY_UPDATED",
      target: { type: "ApiKey", id: keyId },
      before: { limits: key.before ?? {} },
      after: { limits },
    });
  });
}

const updateKeyLimits: Statement = {
  name: "update_key_limits",
  text: `
    with stored as (
      select id, limits as before from api_keys where account_id = $1 and id = $2 for no key update
    )
    update api_keys as k set limits = $3::jsonb from stored where k.id = stored.id returning before`,
};
