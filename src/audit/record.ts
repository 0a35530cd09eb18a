import { randomUUIDv7 } from "node:crypto";
import { execute, type Queryable, type Statement } from "../database/database.ts";
import type { NodeType } from "../lib/node-type.ts";
import type { AuditAction } from "./actions.ts";
import { currentActor } from "./actor.ts";
import { differences } from "./differences.ts";
import { maskSecrets } from "./mask-secrets.ts";

/** One change of an account. */
export interface AuditedChange {
  accountId: string;
  action: AuditAction;
  /** What was changed, by its local id; absent for what an account has only one of. */
  target?: { type: NodeType; id: string } | undefined;
  /** The values before and after. Of two records, only what differs is kept; secrets never are. */
  before?: object | undefined;
  after?: object | undefined;
}

const insert: Statement = {
  name: "record_audit_entry",
  text: `
    insert into audit_log (
      id, account_id, action, actor, key_id, key_name, key_prefix, command, address, target_type, target_id, before, after
    )
    values ($1::uuid, $2::uuid, $3, $4, $5::uuid, $6, $7, $8, $9, $10, $11, $12::jsonb, $13::jsonb)`,
};

/** Records a change, and by whom. To be called in the transaction that makes the change. */
export async function recordAudit(transaction: Queryable, change: AuditedChange): Promise<void> {
  await execute(transaction, insert, valuesOf(change));
}

function valuesOf({ accountId, action, target, before, after }: AuditedChange): unknown[] {
  const actor = currentActor();
  const key = actor.kind === "API_KEY" ? actor : undefined;
  const changed = differences(before, after);
  return [
    randomUUIDv7(),
    accountId,
    action,
    actor.kind,
    key?.keyId ?? null,
    key?.keyName ?? null,
    key?.keyPrefix ?? null,
    actor.kind === "COMMAND" ? actor.command : null,
    key?.address ?? null,
    target?.type ?? null,
    target?.id ?? null,
    toJson(maskSecrets(changed.before)),
    toJson(maskSecrets(changed.after)),
  ];
}

const toJson = (value: object | undefined): string | null =>
  value === undefined ? null : JSON.stringify(value);
