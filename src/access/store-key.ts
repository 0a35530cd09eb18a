import { randomUUIDv7 } from "node:crypto";
import { recordAudit } from "../audit/record.ts";
import type { Database, Statement } from "../database/database.ts";
import { hashKey, prefixOf } from "./api-keys.ts";
import type { Scope } from "./scopes.ts";
import type { SendRestrictions } from "../lib/send-restrictions.ts";
import type { RateLimits } from "./rate-limits.ts";

interface NewKey {
  accountId: string;
  name: string;
  granted: readonly Scope[];
  expiresAt?: Date | undefined;
  limits?: RateLimits | undefined;
  /** Ranges that it may be used from; empty for all. */
  allowedAddresses?: readonly string[] | undefined;
  restrictions?: SendRestrictions | undefined;
  /** Where the served APIs post receipts of messages that name no address of their own. */
  callbackUrl?: string | undefined;
  /** Whether the served Telekom API takes its requests by GET. */
  allowsGet?: boolean | undefined;
}

const insert: Statement = {
  name: "insert_api_key",
  text: `
    insert into api_keys (id, account_id, name, hash, prefix, scopes, expires_at, limits, allowed_addresses, restrictions, callback_url, allows_get)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, nullif($10::jsonb, '{}'), $11, $12)
    on conflict (hash) do nothing
    returning id`,
};

const restore: Statement = {
  name: "restore_api_key",
  text: "update api_keys set revoked_at = null where hash = $1 returning id",
};

/** Stores the hash of a key for an account, not the key itself. One that is stored already is only restored. */
export async function storeKey(
  database: Database,
  key: string,
  {
    accountId,
    name,
    granted,
    expiresAt,
    limits,
    allowedAddresses = [],
    restrictions = {},
    callbackUrl,
    allowsGet = false,
  }: NewKey,
): Promise<string> {
  const [hash, prefix, scopes] = [hashKey(key), prefixOf(key), [...granted]];
  return database.transaction(async (transaction) => {
    const id = randomUUIDv7();
    const values = [
      id,
      accountId,
      name,
      hash,
      prefix,
      scopes,
      expiresAt ?? null,
      limits ?? null,
      allowedAddresses,
      JSON.stringify(restrictions),
      callbackUrl ?? null,
      allowsGet,
    ];
    const created = await transaction.query<{ id: string }>(insert, values);
    if (created.length === 0) return idOf(await transaction.query<{ id: string }>(restore, [hash]));
    const after = {
      name,
      prefix,
      scopes,
      expiresAt: expiresAt ?? null,
      limits,
      allowedAddresses,
      restrictions,
      callbackUrl,
      allowsGet,
    };
    const target = { type: "ApiKey", id } as const;
    await recordAudit(transaction, { accountId, action: "API_KEY_CREATED", target, after });
    return id;
  });
}

function idOf([row]: readonly { id: string }[]): string {
  if (!row) throw new Error("The key was deleted while it was stored");
  return row.id;
}
