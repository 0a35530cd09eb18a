import { paced } from "../../lib/paced.ts";
import { behindIdsBefore } from "../../lib/uuid.ts";
import type { Database, Statement } from "../../database/database.ts";
import { retentionTime } from "../../database/retention-clock.ts";
import { isFinal, messageStatuses } from "../model/status.ts";

const dayMs = 86_400_000;
/** Messages looked at in one short transaction: a long one would hold the event log back. */
const atOnce = 2_000;

/** Statuses after which nothing is sent, and no text is needed any more. */
const settled = messageStatuses.filter((status) => isFinal(status) || status === "UNKNOWN");

const firstId = "00000000-0000-0000-0000-000000000000";

/** The next stretch of old messages by id, of which those that are settled, and have been for as long, are taken. */
const old = `${retentionTime} - make_interval(days => $4::int)`;

const oldMessages = `
  stretch as materialized (
    select id, status, updated_at from messages
    where id > $1::uuid and id < $2::uuid
    order by id
    limit ${atOnce}
  ), old as materialized (
    select m.id from messages as m
    where m.id = any (array(select id from stretch)) and m.status = any ($3::message_status[]) and m.updated_at < ${old}
    order by m.id
    for no key update skip locked
  )`;

const reached =
  "select (select id from stretch order by id desc limit 1) as reached, (select count(*)::int from stretch) as seen";

const blankTexts: Statement = {
  name: "blank_old_texts",
  text: `
    with ${oldMessages}, blanked as (
      update messages as m set text = '', recipient = ''
      from old
      where m.id = old.id and (m.text <> '' or m.recipient <> '')
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
    ), gone as (
      delete from messages where id = any (array(select id from old))
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

/** After how many days what is forgotten of settled messages; undefined: never. */
export interface MessageRetention {
  /** Texts and numbers are blanked; the messages, their counts and costs stay. */
  textDays?: number | undefined;
  /** The messages are deleted with all that belongs to them. */
  messageDays?: number | undefined;
}

/** One run over all that is old. Each run begins at the beginning: what was on its way the last time may be settled now. */
export async function forgetOldMessages(
  database: Database,
  { textDays, messageDays }: MessageRetention,
  signal?: AbortSignal,
): Promise<void> {
  if (messageDays !== undefined) await sweep(database, deleteMessages, messageDays, signal);
  if (textDays !== undefined) await sweep(database, blankTexts, textDays, signal);
}

/** Attempts go when the events of their time do. */
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

async function sweep(
  database: Database,
  statement: Statement,
  days: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  let after = firstId;
  // Only bounds the search: how old a message is, the database says.
  const before = new Date(Date.now() - days * dayMs);
  await paced(async () => {
    const values = [after, behindIdsBefore(before), settled, days];
    const [row] = await database.query<{ reached: string | null; seen: number }>(statement, values);
    after = row?.reached ?? after;
    return (row?.seen ?? 0) >= atOnce;
  }, signal);
}
