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

const update: Statement = {
  name: "update_key_serving",
  text: `
    with stored as (
      select id, callback_url, allows_get from api_keys where account_id = $1 and id = $2 for no key update
    )
    update api_keys as k set callback_url = $3, allows_get = $4 from stored where k.id = stored.id
    returning stored.callback_url as "callbackUrl", stored.allows_get as "allowsGet"`,
};

/** Every process goes by it within a second. @throws NotFoundError */
export async function setKeyServing(
  database: Database,
  { accountId, keyId }: { accountId: string; keyId: string },
  after: KeyServing,
): Promise<void> {
  await database.transaction(async (transaction) => {
    const values = [accountId, keyId, after.callbackUrl, after.allowsGet];
    const [before] = await transaction.query<KeyServing>(update, values);
    if (!before) throw new NotFoundError("ApiKey", keyId);
    const target = { type: "ApiKey", id: keyId } as const;
    await recordAudit(transaction, { accountId, action: "API_KEY_UPDATED", target, before, after });
  });
}
