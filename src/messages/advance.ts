import type { Queryable, Statement } from "../database/database.ts";
import { bulkCheckOf, checkReason } from "./check-schedule.ts";
import { eventChannel } from "./event-log.ts";
import { indexableId } from "./message-id.ts";
import { campaignChannel } from "./tallies.ts";

/** A plain step of many messages of one provider at once. */
export interface Advance {
  to: "SUBMITTING" | "SUBMITTED";
  providerId: string;
  /** Kind of the provider. */
  kind: string;
  receivedAt: Date;
  messages: readonly {
    id: string;
    providerMessageId?: string | undefined;
    providerBatchId?: string | undefined;
  }[];
}

/** The status in which a message takes each step this way. */
const from = { SUBMITTING: "QUEUED", SUBMITTED: "SUBMITTING" } as const;

// The status is hidden from the planner: it would begin with all messages in it when the statistics say that there are few.
const write: Statement = {
  name: "advance_messages",
  text: `
    with given as (
      select * from unnest($1::uuid[], $2::text[], $3::text[]) as g (id, provider_message_id, provider_batch_id)
    ), changed as (
      update messages as m
      set status = $5::message_status, version = m.version + 1, updated_at = greatest(m.updated_at, $6::timestamptz), retry_at = null,
        provider_message_id = coalesce(g.provider_message_id, m.provider_message_id),
        provider_batch_id = coalesce(g.provider_batch_id, m.provider_batch_id),
        submitted_at = case when $5::message_status = 'SUBMITTED' then coalesce(m.submitted_at, $6::timestamptz) else m.submitted_at end,
        last_event_tx = greatest(m.last_event_tx, pg_current_xact_id()::text::bigint)
      from given as g
      where m.id = g.id and case m.status when $4::message_status then true else false end and m.provider_id = $9::uuid
      returning m.id, m.account_id, m.campaign_id, m.version, m.last_event_tx, g.provider_message_id,
        g.provider_batch_id
    ), logged as (
      insert into message_events (
        tx, account_id, message_id, provider_id, version, status, source, applied, occurred_at, received_at,
        provider_message_id, provider_batch_id
      )
      select last_event_tx, account_id, id, $9::uuid, version, $5::message_status, 'DISPATCH', true, $6::timestamptz, $6::timestamptz, provider_message_id,
        provider_batch_id
      from changed
      order by id
    ), planned as (
      insert into bulk_checks (at, status, message_ids, spread)
      select $7::timestamptz, $5::message_status, array_agg(id), $8::float8 from changed
      where $7::timestamptz is not null
      having count(*) > 0
    ), tallied as (
      insert into campaign_tallies (campaign_id, status, delta)
      select campaign_id, step.status, sum(step.delta)
      from changed, (values ($4::message_status, -1), ($5::message_status, 1)) as step (status, delta)
      where campaign_id is not null
      group by campaign_id, step.status
    ), hinted as (
      select pg_notify('${campaignChannel}', campaign_id::text) from changed where campaign_id is not null
      group by campaign_id
    )
    select changed.id
    from changed, (select count(*) from hinted) as hints, pg_notify('${eventChannel}', '')`,
};

/**
 * Takes messages one plain step on: the same state and events as `applyChanges` would write (a test compares them),
 * without carrying each message through this process. For messages that the caller has locked, or that nobody else
 * changes. Returns the ids of those that took the step; the others are in another status by now.
 */
export async function advanceMessages(transaction: Queryable, step: Advance): Promise<ReadonlySet<string>> {
  const { to, providerId, kind, receivedAt, messages } = step;
  const check = bulkCheckOf(checkReason(to, kind), receivedAt);
  const rows = await transaction.query<{ id: string }>(write, [
    messages.map(({ id }) => id),
    messages.map(({ providerMessageId }) => indexableId(providerMessageId)),
    messages.map(({ providerBatchId }) => indexableId(providerBatchId)),
    from[to],
    to,
    receivedAt,
    check?.at ?? null,
    check?.spreadSeconds ?? 0,
    providerId,
  ]);
  return new Set(rows.map(({ id }) => id));
}
