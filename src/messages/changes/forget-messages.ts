import { paced } from "../../lib/paced.ts";
import { behindIdsBefore, minUuid } from "../../lib/uuid.ts";
import type { Database, Statement } from "../../database/database.ts";
import { retentionTime } from "../../database/retention-clock.ts";
import { isFinal, messageStatuses, type MessageStatus } from "../model/status.ts";

/** How many messages one transaction reads: a long transaction would hold back readers of the event log. */
const atOnce = 2_000;

/** Statuses in which a message will not be sent again, so its text is not needed. */
const settled: readonly MessageStatus[] = [
  ...messageStatuses.filter((status) => isFinal(status) || status === "UNKNOWN"),
  "RECEIVED",
];

const old = `${retentionTime} - make_interval(days => $4::int)`;

/**
 * SQL: the next range of messages by id, and in it the settled ones that have not changed for so many days.
 */
const oldMessages = `
  range as materialized (
    select id, status, updated_at from messages
    where id > $1::uuid and id < $2::uuid
    order by id
    limit ${atOnce}
  ), old as materialized (
    select m.id from messages as m
    where m.id = any (array(select id from range)) and m.status = any ($3::message_status[]) and m.updated_at < ${old}
    order by m.id
    for no key update skip locked
  )`;

const reached =
  "select (select id from range order by id desc limit 1) as reached, (select count(*)::int from range) as seen";

/** SQL: the digits of the person's number. */
const digits = "substr(case when m.status = 'RECEIVED' then m.sender else m.recipient end, 2)";

const blankTexts: Statement = {
  name: "blank_old_texts",
  text: `
    with ${oldMessages}, blanked as (
      update messages as m
      set text = '', recipient = '', sender = case when m.status = 'RECEIVED' then '' else m.sender end,
        failure_text = case when strpos(m.failure_text, ${digits}) = 0 then m.failure_text end,
        client_ref = case when strpos(m.client_ref, ${digits}) = 0 then m.client_ref end
      from old
      where m.id = old.id and (m.text <> '' or m.recipient <> '')
      returning m.id, m.campaign_id
    ), made_of as (
      delete from campaign_values as v using blanked as b where v.campaign_id = b.campaign_id and v.message_id = b.id
    ), events as (
      update message_events as e set detail = null, failure_text = null
      where e.message_id in (select id from blanked) and (e.detail is not null or e.failure_text is not null)
    ), tries as (
      update attempts set reason = null where message_id in (select id from blanked) and reason is not null
    ), ids as (
      update compat_messages set callback_url = null, details = null
      where message_id in (select id from blanked) and (callback_url is not null or details is not null)
    ), reports as (
      delete from compat_reports where message_id in (select id from blanked)
    )
    ${reached}`,
};

const deleteMessages: Statement = {
  name: "delete_old_messages",
  text: `
    with ${oldMessages}, without_events as (
      delete from message_events where message_id = any (array(select id from old))
    ), without_attempts as (
      delete from attempts where message_id = any (array(select id from old))
    ), without_checks as (
      delete from message_checks where message_id = any (array(select id from old))
    ), without_ids as (
      delete from compat_messages where message_id = any (array(select id from old))
    ), without_reports as (
      delete from compat_reports where message_id = any (array(select id from old))
    ), gone as (
      delete from messages where id = any (array(select id from old)) returning id, campaign_id
    ), without_values as (
      delete from campaign_values as v using gone as g where v.campaign_id = g.campaign_id and v.message_id = g.id
    )
    ${reached}`,
};

const clearAttempts: Statement = {
  name: "clear_old_attempts",
  text: `
    with gone as (
      delete from attempts where ctid = any (array(
        select old.ctid
        from providers as p
        cross join lateral (
          select a.ctid from attempts as a
          where a.provider_id = p.id and a.started_at < ${retentionTime} - make_interval(days => $1::int) and a.finished_at is not null
          order by a.started_at
          limit ${atOnce}
        ) as old
      )) returning 1
    )
    select count(*)::int as count from gone`,
};

/** After how many days settled messages are blanked or deleted; undefined for never. */
export interface MessageRetention {
  /** Text and recipient are blanked; the message, its counts and costs stay. */
  textDays?: number | undefined;
  /** The message is deleted with everything that belongs to it. */
  messageDays?: number | undefined;
}

/**
 * One run over all old messages. Each run starts again from the first one, since a message that was in flight
 * last time may be settled now.
 */
export async function forgetOldMessages(
  database: Database,
  { textDays, messageDays }: MessageRetention,
  signal?: AbortSignal,
): Promise<void> {
  if (messageDays !== undefined) await sweep(database, deleteMessages, messageDays, signal);
  if (textDays !== undefined) await sweep(database, blankTexts, textDays, signal);
}

/** Deletes ended attempts as old as the events that are deleted. */
export async function clearOldAttempts(
  database: Database,
  days: number,
  signal?: AbortSignal,
): Promise<void> {
  await paced(async () => {
    const [gone] = await database.query<{ count: number }>(clearAttempts, [days]);
    return (gone?.count ?? 0) >= atOnce;
  }, signal);
}

const findBound: Statement = {
  name: "find_bound_of_old_messages",
  text: `select ${retentionTime} - make_interval(days => $1::int) as before`,
};

async function sweep(
  database: Database,
  statement: Statement,
  days: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  let after = minUuid;
  // Ids begin with the time of their message: none behind that of so many days ago is old enough.
  const [bound] = await database.query<{ before: Date }>(findBound, [days]);
  if (!bound) return;
  await paced(async () => {
    const values = [after, behindIdsBefore(bound.before), settled, days];
    const [row] = await database.query<{ reached: string | null; seen: number }>(statement, values);
    after = row?.reached ?? after;
    return (row?.seen ?? 0) >= atOnce;
  }, signal);
}
