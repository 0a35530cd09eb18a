import type { Queryable, Statement } from "../../database/database.ts";
import { parameters } from "../../database/columns.ts";
import type { Message } from "../../database/generated/client.ts";

const lock: Statement = {
  name: "lock_message_to_rewrite",
  text: `
    select id, account_id as "accountId", campaign_id as "campaignId", provider_id as "providerId", status, version, recipient,
      sender, text, encoding, flash, country, priority, routed, route, scheduled_at as "scheduledAt",
      valid_until as "validUntil", created_at as "createdAt", cadence_group_id as "cadenceGroupId",
      dlt_template_id as "dltTemplateId", estimated_cost::text as "estimatedCost", estimated_currency as "estimatedCurrency"
    from messages where id = $1 and account_id = $2 and listed_as <> 'RECEIVED'
    for no key update`,
};

/** A message that waits to be submitted, as far as it can be written anew. */
export type WaitingMessage = Pick<
  Message,
  | "id"
  | "accountId"
  | "campaignId"
  | "status"
  | "version"
  | "recipient"
  | "sender"
  | "text"
  | "encoding"
  | "flash"
  | "country"
  | "priority"
  | "routed"
  | "route"
  | "scheduledAt"
  | "validUntil"
  | "createdAt"
  | "cadenceGroupId"
  | "dltTemplateId"
  | "estimatedCurrency"
> & { providerId: string; estimatedCost: string | null };

/** Locks a message of an account. */
export const lockMessage = async (
  transaction: Queryable,
  accountId: string,
  messageId: string,
): Promise<WaitingMessage | undefined> =>
  (await transaction.query<WaitingMessage>(lock, [messageId, accountId]))[0];

const rewritten = parameters({
  id: "uuid",
  text: "text",
  encoding: "text_encoding",
  segments: "smallint",
  scheduledAt: "timestamptz",
  validUntil: "timestamptz",
  priority: "message_priority",
});

const { sql } = rewritten;

const rewrite: Statement = {
  name: "rewrite_message",
  text: `
    update messages
    set text = ${sql.text}, encoding = ${sql.encoding}, segments = ${sql.segments}, scheduled_at = ${sql.scheduledAt},
      valid_until = ${sql.validUntil}, priority = ${sql.priority}
    where id = ${sql.id}
    returning id`,
};

/** Writes what a locked message is to say, and when. Its provider and status change by `applyChanges`. */
export async function rewriteMessage(
  transaction: Queryable,
  values: Parameters<typeof rewritten.values>[0],
): Promise<void> {
  await transaction.query(rewrite, rewritten.values(values));
}
