import type { Queryable, Statement } from "../../database/database.ts";
import type { MessageState } from "../model/evolve.ts";
import type { StatusChange } from "../model/status-change.ts";

export interface LockedMessage extends MessageState {
  id: string;
  accountId: string;
  providerId: string | null;
  campaignId: string | null;
  lastEventTx: string;
  /** Kind of its provider. */
  kind: string | null;
  /** Currency of the provider's account. */
  accountCurrency: string | null;
  retryAt: Date | null;
  /** When to check it next: null for never, undefined to leave the plan as it is. */
  nextCheckAt?: Date | null;
}

const lock: Statement = {
  name: "lock_messages",
  text: `
    select id, account_id as "accountId", provider_id as "providerId", campaign_id as "campaignId", status, version,
      last_event_tx as "lastEventTx", provider_status as "providerStatus",
      provider_message_id as "providerMessageId", provider_batch_id as "providerBatchId",
      failure_code as "failureCode", failure_text as "failureText", failure_permanent as "failurePermanent",
      mccmnc, cost, cost_currency as "costCurrency", submitted_at as "submittedAt", sent_at as "sentAt",
      delivered_at as "deliveredAt", updated_at as "updatedAt", retry_at as "retryAt",
      (select kind from providers where id = m.provider_id) as kind,
      (select currency from providers where id = m.provider_id) as "accountCurrency"
    from messages as m
    where id = any ($1::uuid[])
    order by id
    for no key update`,
};

/** In the order of their ids, so that two transactions never wait for each other. */
export async function lockMessages(
  transaction: Queryable,
  changes: readonly StatusChange[],
): Promise<Map<string, LockedMessage>> {
  const ids = [...new Set(changes.map(({ messageId }) => messageId))];
  const rows = await transaction.query<LockedMessage>(lock, [ids]);
  return new Map(rows.map((row) => [row.id, row]));
}

const readKindsOf: Statement = {
  name: "read_provider_kinds",
  text: "select id, kind from providers where id = any ($1::uuid[])",
};

/** The kinds of providers that messages may move to. Usually there are none, and no statement is needed. */
export async function readKinds(
  transaction: Queryable,
  messages: ReadonlyMap<string, LockedMessage>,
  changes: readonly StatusChange[],
): Promise<Map<string, string>> {
  const others = changes.flatMap(({ messageId, providerId, rerouting }) => {
    const own = messages.get(messageId)?.providerId;
    return [providerId, rerouting?.providerId].filter((id) => id !== undefined && id !== own);
  });
  if (others.length === 0) return new Map();
  const rows = await transaction.query<{ id: string; kind: string }>(readKindsOf, [[...new Set(others)]]);
  return new Map(rows.map(({ id, kind }) => [id, kind]));
}
