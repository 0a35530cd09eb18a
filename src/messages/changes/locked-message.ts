import { columns } from "../../database/columns.ts";
import type { Queryable, Statement } from "../../database/database.ts";
import type { MessageState } from "../model/evolve.ts";
import type { StatusChange } from "../model/status-change.ts";
import type { StoredTrace } from "../../tracing/tracing.ts";

export interface LockedMessage extends MessageState {
  id: string;
  accountId: string;
  providerId: string | null;
  campaignId: string | null;
  country: string | null;
  lastEventTx: string;
  /** Kind of its provider. */
  kind: string | null;
  /** Currency of the provider's account. */
  accountCurrency: string | null;
  retryAt: Date | null;
  trace: StoredTrace;
  /** Whether its texts and numbers were taken away. */
  isErased: boolean;
  /** When to check it next: null for never, undefined to leave the plan as it is. */
  nextCheckAt?: Date | null;
}

/** The columns of a message that a change may write. */
export const stateTypes = {
  status: "message_status",
  version: "int",
  providerStatus: "text",
  providerMessageId: "text",
  providerBatchId: "text",
  failureCode: "text",
  failureText: "text",
  failurePermanent: "boolean",
  mccmnc: "text",
  cost: "numeric",
  costCurrency: "text",
  submittedAt: "timestamptz",
  sentAt: "timestamptz",
  deliveredAt: "timestamptz",
  updatedAt: "timestamptz",
  retryAt: "timestamptz",
} satisfies Partial<Record<keyof LockedMessage, string>>;

export const stateColumns = columns(stateTypes);

const lock: Statement = {
  name: "lock_messages",
  text: `
    select id, account_id as "accountId", provider_id as "providerId", campaign_id as "campaignId", country,
      last_event_tx as "lastEventTx", trace::text, recipient = '' as "isErased", ${stateColumns.readFrom("m")},
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
    const current = messages.get(messageId)?.providerId;
    return [providerId, rerouting?.providerId].filter((id) => id !== undefined && id !== current);
  });
  if (others.length === 0) return new Map();
  const rows = await transaction.query<{ id: string; kind: string }>(readKindsOf, [[...new Set(others)]]);
  return new Map(rows.map(({ id, kind }) => [id, kind]));
}
