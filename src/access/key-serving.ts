import { recordAudit } from "../audit/record.ts";
import type { Database, Statement } from "../database/database.ts";
import { NotFoundError } from "../lib/errors.ts";

/** What a key means to the served APIs of other vendors. */
export interface KeyServing {
  /** Where receipts are posted of messages that name no address of their own; null for nowhere. */
  callbackUrl: string | null;
  /** Whether the served Telekom API takes its requests by GET. */
  allowsGet: boolean;
}

// In a statement of its own: see the lock of campaigns in campaigns/life-cycle.ts.
const lock: Statement = {
  name: "lock_key_to_serve",
  text: `
    select callback_url as "callbackUrl", allows_get as "allowsGet" from api_keys where account_id = $1 and id = $2
    for no key update`,
};

const update: Statement = {
  name: "update_key_serving",
  text: "update api_keys set callback_url = $2, allows_get = $3 where id = $1",
};

/** Every process goes by it within a second. @throws NotFoundError */
export async function setKeyServing(
  database: Database,
  { accountId, keyId }: { accountId: string; keyId: string },
  after: KeyServing,
): Promise<void> {
  await database.transaction(async (transaction) => {
    const [before] = await transaction.query<KeyServing>(lock, [accountId, keyId]);
    if (!before) throw new NotFoundError("ApiKey", keyId);
    await transaction.query(update, [keyId, after.callbackUrl, after.allowsGet]);
    const target = { type: "ApiKey", id: keyId } as const;
    await recordAudit(transaction, { accountId, action: "API_KEY_UPDATED", target, before, after });
  });
}
