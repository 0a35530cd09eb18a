import type { Database, Statement } from "../../database/database.ts";
import { cancellable } from "../model/status.ts";
import { applyChanges } from "./transition.ts";

/** How many messages one transaction touches: a long one would hold back the readers of the event log. */
const atOnce = 500;

const findWaiting: Statement = {
  name: "find_waiting_messages_to",
  text: `
    select id from messages
    where account_id = $1 and recipient = $2 and status = any ($3::message_status[])
    order by id
    limit ${atOnce}`,
};

/** Cancels what waits to be sent to a number. Returns how many messages that was. */
export async function cancelMessagesTo(
  database: Database,
  accountId: string,
  number: string,
  now: Date,
): Promise<number> {
  for (let cancelled = 0; ;) {
    const found = await database.query<{ id: string }>(findWaiting, [accountId, number, cancellable]);
    if (found.length === 0) return cancelled;
    const change = { status: "CANCELLED", source: "API", receivedAt: now, onlyFrom: cancellable } as const;
    await database.transaction((transaction) =>
      applyChanges(
        transaction,
        found.map(({ id: messageId }) => ({ ...change, messageId })),
      ),
    );
    cancelled += found.length;
  }
}

/** When something was heard about messages that were erased, and the provider's ids of them. */
export interface ErasedMessages {
  count: number;
  providerIds: string[];
  providerMessageIds: string[];
  from: Date | null;
  until: Date | null;
}

// A text for people may name the number: it is left out where it has its digits.
const erase: Statement = {
  name: "erase_messages",
  text: `
    with found as materialized (
      (
        select id from messages where account_id = $1 and recipient = $2 order by id limit ${atOnce}
      ) union all (
        select id from messages where account_id = $1 and sender = $2 and listed_as = 'RECEIVED' order by id limit ${atOnce}
      )
    ), erased as (
      update messages as m
      set text = '', recipient = case when listed_as = 'RECEIVED' then recipient else '' end,
        sender = case when listed_as = 'RECEIVED' then '' else sender end,
        failure_text = case when strpos(failure_text, $3) = 0 then failure_text end,
        client_ref = case when strpos(client_ref, $3) = 0 then client_ref end
      from found
      where m.id = found.id
      returning m.id, m.campaign_id, m.provider_id, m.provider_message_id, m.created_at, m.updated_at
    ), events as (
      update message_events
      set detail = case when strpos(detail, $3) = 0 then detail end,
        failure_text = case when strpos(failure_text, $3) = 0 then failure_text end
      where message_id in (select id from erased) and (strpos(detail, $3) > 0 or strpos(failure_text, $3) > 0)
    ), tries as (
      update attempts set reason = null where message_id in (select id from erased) and strpos(reason, $3) > 0
    ), made_of as (
      delete from campaign_values as v using erased as e where v.campaign_id = e.campaign_id and v.message_id = e.id
    ), ids as (
      update compat_messages set callback_url = null, details = null where message_id in (select id from erased)
    ), reports as (
      delete from compat_reports where message_id in (select id from erased)
    )
    select count(*)::int as count,
      coalesce(array_agg(distinct provider_id::text) filter (where provider_id is not null), '{}') as "providerIds",
      coalesce(array_agg(provider_message_id) filter (where provider_message_id is not null), '{}') as "providerMessageIds",
      min(created_at) as from, max(updated_at) as until
    from erased`,
};

/**
 * Takes the next texts and numbers of a person's messages away, in both directions. The messages stay, with their counts
 * and costs. Undefined when none are left.
 */
export async function eraseMessages(
  database: Database,
  accountId: string,
  number: string,
): Promise<ErasedMessages | undefined> {
  const [erased] = await database.query<ErasedMessages>(erase, [accountId, number, digitsOf(number)]);
  return erased && erased.count > 0 ? erased : undefined;
}

const digitsOf = (number: string): string => number.slice(1);
