import type { Database, Queryable, Statement } from "../../database/database.ts";
import { noteErasure } from "../log/erasures.ts";
import { cancellable, type MessageStatus } from "../model/status.ts";
import { applyChanges } from "./transition.ts";

/** How many messages one transaction touches: a long one would hold back the readers of the event log. */
const atOnce = 500;

// Locked before they are erased by another statement, which then sees all that was written about them until now.
const lock: Statement = {
  name: "lock_messages_to_erase",
  text: `
    select id, status from messages
    where id = any (array(
      (
        select id from messages where account_id = $1 and recipient = $2 order by id limit ${atOnce}
      ) union all (
        select id from messages where account_id = $1 and sender = $2 and listed_as = 'RECEIVED' order by id limit ${atOnce}
      )
    ))
    order by id
    for no key update`,
};

/** When something was heard about messages that were erased, and the provider's ids of them. */
export interface ErasedMessages {
  count: number;
  /** How many of them waited to be sent. */
  cancelled: number;
  providerIds: string[];
  providerMessageIds: string[];
  from: Date | null;
  until: Date | null;
}

// What providers and people wrote may name the person, in whatever form, so all of it goes: codes say why a message failed. So
// does the client's reference, which is somebody's number or name in many a system, and always leads to the person in that one.
const erase: Statement = {
  name: "erase_messages",
  text: `
    with erased as (
      update messages
      set text = '', recipient = case when listed_as = 'RECEIVED' then recipient else '' end,
        sender = case when listed_as = 'RECEIVED' then '' else sender end,
        failure_text = null, client_ref = null
      where id = any ($1::uuid[])
      returning id, campaign_id, provider_id, provider_message_id, created_at, updated_at
    ), events as (
      update message_events set detail = null, failure_text = null
      where message_id = any ($1::uuid[]) and (detail is not null or failure_text is not null)
    ), tries as (
      update attempts set reason = null where message_id = any ($1::uuid[]) and reason is not null
    ), made_of as (
      delete from campaign_values as v using erased as e where v.campaign_id = e.campaign_id and v.message_id = e.id
    ), ids as (
      update compat_messages set callback_url = null, details = null where message_id = any ($1::uuid[])
    ), reports as (
      delete from compat_reports where message_id = any ($1::uuid[])
    )
    select count(*)::int as count,
      coalesce(array_agg(distinct provider_id::text) filter (where provider_id is not null), '{}') as "providerIds",
      coalesce(array_agg(provider_message_id) filter (where provider_message_id is not null), '{}') as "providerMessageIds",
      min(created_at) as from, max(updated_at) as until
    from erased`,
};

/**
 * Takes the next texts and numbers of a person's messages away, in both directions. The messages stay, with their counts
 * and costs; those that wait to be sent are cancelled in the same transaction. Undefined when none are left.
 */
export function eraseMessages(
  database: Database,
  accountId: string,
  number: string,
  now: Date,
): Promise<ErasedMessages | undefined> {
  return database.transaction(async (transaction) => {
    const found = await transaction.query<Found>(lock, [accountId, number]);
    if (found.length === 0) return undefined;
    const [erased] = await transaction.query<Omit<ErasedMessages, "cancelled">>(erase, [
      found.map(({ id }) => id),
    ]);
    const cancelled = await cancelWaiting(transaction, found, now);
    await noteErasure(transaction);
    return erased && { ...erased, cancelled };
  });
}

interface Found {
  id: string;
  status: MessageStatus;
}

/** Returns how many waited to be sent. */
async function cancelWaiting(
  transaction: Queryable,
  found: readonly Found[],
  receivedAt: Date,
): Promise<number> {
  const waiting = found.filter(({ status }) => cancellable.includes(status));
  if (waiting.length === 0) return 0;
  const change = { status: "CANCELLED", source: "API", receivedAt } as const;
  await applyChanges(
    transaction,
    waiting.map(({ id: messageId }) => ({ ...change, messageId })),
  );
  return waiting.length;
}
