import { columns } from "../../database/columns.ts";
import type { Queryable, Statement } from "../../database/database.ts";
import { DomainError } from "../../lib/errors.ts";
import { newMessageId } from "../../lib/uuid.ts";
import type { InboundReading } from "../../providers/provider.ts";
import { addJobs } from "../../queue/jobs.ts";
import { parseRecipient } from "../../sms/phone.ts";
import { measure } from "../../sms/text.ts";
import { senderKey } from "../../suppressions/suppression.ts";
import { addSuppressions } from "../../suppressions/suppressions.ts";
import { eventChannel } from "../log/event-log.ts";
import { defaultOptOut, readOptOut } from "./opt-out.ts";
import { readOptOutSettings } from "./settings.ts";

/** A message from a person, as it arrived. */
export interface ReceivedInbound {
  providerId: string;
  receivedAt: Date;
  source: "CALLBACK" | "POLL";
  reading: InboundReading;
}

/** How far back a message may lie that a person answers. */
const answerDays = 30;
/** The newest messages to a person among which the answered one is looked for. */
const candidates = 20;

const inboundColumns = columns({
  id: "uuid",
  sender: "text",
  recipient: "text",
  text: "text",
  encoding: "text_encoding",
  segments: "smallint",
  country: "text",
  providerMessageId: "text",
  sentAt: "timestamptz",
  createdAt: "timestamptz",
});

// A person answers the newest message that has left our hands, rather one from the number that was answered. Where the
// provider names the message, it is that one; then the person is its recipient, if the provider does not say who it was.
const store: Statement = {
  name: "store_inbound_messages",
  text: `
    with given as (
      select i.*, p.account_id from json_to_recordset($1) as i (
        place int, "providerId" uuid, source event_source, "answersId" text, "senderKey" text, ${inboundColumns.record}
      )
      join providers as p on p.id = i."providerId"
    ), matched as materialized (
      select g.*, a.id as answers, a.campaign_id as answered_campaign_id,
        coalesce(g.sender, nullif(a.recipient, '')) as person, coalesce(g.recipient, a.sender, '') as own
      from given as g
      left join lateral (
        select * from (
          select id, campaign_id, recipient, sender from messages
          where g."answersId" is not null and provider_id = g."providerId" and provider_message_id = g."answersId"
            and listed_as <> 'RECEIVED'
          order by id desc
          limit 1
        ) as named
        union all
        select * from (
          select id, campaign_id, recipient, sender from (
            select id, campaign_id, recipient, sender, status, created_at from messages
            where account_id = g.account_id and recipient = g.sender
            order by id desc
            limit ${candidates}
          ) as newest
          where status not in ('SCHEDULED', 'QUEUED', 'CANCELLED', 'RECEIVED')
            and created_at > g."createdAt" - interval '${answerDays} days'
          order by lower(ltrim(sender, '+')) = g."senderKey" desc, id desc
          limit 1
        ) as guessed
        limit 1
      ) as a on true
    ), stored as (
      insert into messages (
        account_id, provider_id, id, sender, recipient, text, encoding, segments, country, provider_message_id, sent_at,
        created_at, updated_at, status, listed_as, last_event_tx, answers, answered_campaign_id
      )
      select account_id, "providerId", id, person, own, text, encoding, segments, country, "providerMessageId", "sentAt",
        "createdAt", "createdAt", 'RECEIVED', 'RECEIVED', pg_current_xact_id()::text::bigint, answers, answered_campaign_id
      from matched
      where person is not null
      -- As every other transaction does, so that none waits for another one that waits for it.
      order by "providerId", "providerMessageId", place
      on conflict (provider_id, provider_message_id) where listed_as = 'RECEIVED' do nothing
      returning id
    ), logged as (
      insert into message_events (
        tx, account_id, message_id, provider_id, version, status, source, applied, occurred_at, received_at
      )
      select pg_current_xact_id()::text::bigint, account_id, id, "providerId", 1, 'RECEIVED', source, true,
        coalesce("sentAt", "createdAt"), "createdAt"
      from matched join stored using (id)
      order by place
    )
    select place, id, account_id as "accountId", person, own, text, "createdAt", answers is not null as "isAnswer"
    from matched left join stored using (id), pg_notify('${eventChannel}', '')
    where person is null or stored.id is not null
    order by place`,
};

interface Placed {
  place: number;
  /** Null when it answers a message that is not known: nothing was stored. */
  person: string | null;
}

interface StoredInbound extends Placed {
  id: string;
  accountId: string;
  person: string;
  own: string;
  text: string;
  createdAt: Date;
  /** Whether it answers a message of ours. */
  isAnswer: boolean;
}

/**
 * Stores messages from people, each once, with its event in the log and the message that it answers, and puts those who
 * write STOP on the list. Runs in the caller's transaction. Returns those that were not stored, because they only name a
 * message that is not known.
 */
export async function storeInbound(
  transaction: Queryable,
  received: readonly ReceivedInbound[],
): Promise<ReceivedInbound[]> {
  if (received.length === 0) return [];
  const rows = received.map(toRow);
  const placed = await transaction.query<StoredInbound | (Placed & { person: null })>(store, [
    JSON.stringify(rows),
  ]);
  const stored = placed.filter((one): one is StoredInbound => one.person !== null);
  if (stored.length > 0) await optOut(transaction, stored);
  const strange = new Set(placed.flatMap(({ place, person: from }) => (from === null ? [place] : [])));
  return received.filter((_, place) => strange.has(place));
}

function toRow({ providerId, receivedAt, source, reading }: ReceivedInbound, place: number) {
  const text = clean(reading.text);
  const { encoding, segments } = measure(text);
  const from = reading.from === undefined ? undefined : person(reading.from);
  return {
    place,
    providerId,
    source,
    answersId: reading.answersProviderMessageId ?? null,
    senderKey: senderKey(reading.to ?? ""),
    id: newMessageId(receivedAt),
    sender: from?.number ?? null,
    recipient: reading.to === undefined ? null : clean(reading.to),
    text,
    encoding,
    segments: Math.max(1, segments),
    country: from?.country ?? null,
    providerMessageId: reading.providerMessageId === undefined ? null : clean(reading.providerMessageId),
    sentAt: reading.sentAt ?? null,
    createdAt: receivedAt,
  };
}

const clean = (text: string): string => text.replaceAll("\0", "").toWellFormed();

/** In E.164 where it is a number that can be answered; a short code or a name stays as it is. */
function person(from: string): { number: string; country: string | null } {
  try {
    const { to: number, country } = parseRecipient(from);
    return { number, country };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { number: clean(from.trim()), country: null };
  }
}

/** An entry that is on the list already is not answered again, nor is somebody who got no message from us. */
async function optOut(transaction: Queryable, stored: readonly StoredInbound[]): Promise<void> {
  const settings = await readOptOutSettings(transaction, [
    ...new Set(stored.map(({ accountId }) => accountId)),
  ]);
  const wishes = stored.flatMap((one) => {
    const ofAccount = settings.get(one.accountId) ?? defaultOptOut;
    const wish = readOptOut(ofAccount, one.text);
    const sender = ofAccount.scope === "SENDER" ? senderKey(one.own) : "";
    return wish ? [{ ...one, sender, isAnswered: one.isAnswer && wish.language?.answer != null }] : [];
  });
  for (const [accountId, ofAccount] of Map.groupBy(wishes, (wish) => wish.accountId)) {
    const createdAt = ofAccount[0]?.createdAt ?? new Date();
    const options = { database: transaction, clock: { now: () => createdAt } };
    const entries = ofAccount.map(({ person: number, sender, text }) => ({
      number,
      sender,
      reason: text.slice(0, 255),
    }));
    const added = await addSuppressions(options, accountId, entries, "REPLY");
    const isNew = new Set(added.map(({ number, sender }) => `${number} ${sender}`));
    const jobs = ofAccount
      .filter(({ isAnswered, person: number, sender }) => isAnswered && isNew.has(`${number} ${sender}`))
      .map(({ id }) => ({ task: "confirm-opt-out", payload: { messageId: id } }) as const);
    if (jobs.length > 0) await addJobs(transaction, jobs);
  }
}
