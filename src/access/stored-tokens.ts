import { randomUUIDv7 } from "node:crypto";
import { recordAudit } from "../audit/record.ts";
import type { Database, Statement } from "../database/database.ts";
import { NotFoundError } from "../lib/errors.ts";
import type { WatchTarget } from "./watch-tokens.ts";

interface NewToken {
  accountId: string;
  keyId: string;
  target: WatchTarget;
  expiresAt: Date;
}

const insert: Statement = {
  name: "insert_watch_token",
  text: `
    insert into watch_tokens (id, account_id, key_id, target_type, target_id, expires_at) values ($1, $2, $3, $4, $5, $6)`,
};

const revoke: Statement = {
  name: "revoke_watch_token",
  text: `
    update watch_tokens set revoked_at = now() where id = $2 and account_id = $1 and revoked_at is null
    returning target_type as "type", target_id as "id", revoked_at as "revokedAt"`,
};

const exists: Statement = {
  name: "find_watch_token",
  text: "select from watch_tokens where id = $2 and account_id = $1",
};

const selectRevoked: Statement = {
  name: "find_revoked_watch_tokens",
  text: "select id from watch_tokens where id = any($1::uuid[]) and revoked_at is not null",
};

/** Stores that a token was issued, so that it can be listed and revoked. Returns its id. */
export async function storeToken(
  database: Database,
  { accountId, keyId, target, expiresAt }: NewToken,
): Promise<string> {
  const id = randomUUIDv7();
  await database.transaction(async (transaction) => {
    await transaction.query(insert, [id, accountId, keyId, target.type, target.id, expiresAt]);
    const after = { ...openedBy(target), expiresAt };
    await recordAudit(transaction, {
      accountId,
      action: "WATCH_TOKEN_CREATED",
      target: { type: "IssuedWatchToken", id },
      after,
    });
  });
  return id;
}

/**
 * Revokes a token. A trigger tells every process, and what was opened with it ends within a second. One that is
 * revoked already stays as it is.
 * @throws NotFoundError
 */
export async function revokeToken(database: Database, accountId: string, id: string): Promise<void> {
  await database.transaction(async (transaction) => {
    const [revoked] = await transaction.query<WatchTarget & { revokedAt: Date }>(revoke, [accountId, id]);
    if (!revoked) {
      if ((await transaction.query(exists, [accountId, id])).length > 0) return;
      throw new NotFoundError("IssuedWatchToken", id);
    }
    await recordAudit(transaction, {
      accountId,
      action: "WATCH_TOKEN_REVOKED",
      target: { type: "IssuedWatchToken", id },
      after: { ...openedBy(revoked), revokedAt: revoked.revokedAt },
    });
  });
}

const openedBy = ({ type, id }: WatchTarget) => (type === "Message" ? { messageId: id } : { campaignId: id });

/** Which of these tokens are revoked. */
export async function findRevoked(database: Database, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await database.query<{ id: string }>(selectRevoked, [ids]);
  return new Set(rows.map(({ id }) => id));
}
