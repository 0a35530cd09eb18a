import type { Queryable, Statement } from "../../database/database.ts";
import { toDate, type Flag } from "../../database/raw-row.ts";
import { isBehindInSql } from "../model/order.ts";
import type { MessageStatus } from "../model/status.ts";
import type { DuplicatePolicy } from "../model/stored-route.ts";
import type { TextEncoding } from "../../sms/text.ts";
import type { MessagePriority } from "../model/priority.ts";
import type { StoredTrace } from "../../tracing/tracing.ts";

/** A message as the dispatcher needs it. */
export interface DispatchMessage {
  id: string;
  accountId: string;
  providerId: string;
  /** Null for a single message. */
  campaignId: string | null;
  recipient: string;
  sender: string;
  text: string;
  encoding: TextEncoding;
  segments: number;
  flash: boolean;
  priority: MessagePriority;
  status: MessageStatus;
  validUntil: Date | null;
  cadenceGroupId: string | null;
  dltTemplateId: string | null;
  country: string | null;
  mccmnc: string | null;
  /** Whether routing chose the provider, and may choose another. */
  routed: boolean;
  duplicatePolicy: DuplicatePolicy;
  /** Whether the caller named the sender ID; otherwise another provider uses its own. */
  senderGiven: boolean;
  /** The only providers that it may go to; null for all. */
  within: readonly string[] | null;
  /** Providers that it was handed to. */
  triedProviders: readonly string[];
  /** Attempts made so far. */
  attempts: number;
  /** Attempts that were refused for lack of credit: they do not count towards the limit. */
  attemptsWithoutCredit: number;
  /** Whether one of the attempts has not ended yet. */
  hasOpenAttempt: boolean;
  trace: StoredTrace;
  /** Since when it waits only for an earlier message to the same recipient; null when it need not wait. */
  behindSince: Date | null;
  /** Whether another message waits until this one has been handed over. */
  isFollowed: boolean;
  /** Of a single message: how long before its time it was read, by the database's clock, which also starts its job. */
  earlyMs: number;
  /** Of a single message, as it was read. */
  version: number;
}

/**
 * What `dispatchColumns` selects, as PostgreSQL sends it (a `raw` statement): a campaign claims messages by
 * the thousand.
 */
export type DispatchRow = [
  id: string,
  accountId: string,
  providerId: string,
  campaignId: string | null,
  recipient: string,
  sender: string,
  text: string,
  encoding: TextEncoding,
  segments: string,
  flash: Flag,
  priority: MessagePriority,
  status: MessageStatus,
  validUntil: string | null,
  cadenceGroupId: string | null,
  dltTemplateId: string | null,
  country: string | null,
  mccmnc: string | null,
  routed: Flag,
  duplicatePolicy: DuplicatePolicy,
  senderGiven: Flag,
  triedProviders: string | null,
  attempts: string,
  attemptsWithoutCredit: string,
  hasOpenAttempt: Flag,
  trace: StoredTrace,
  within: string | null,
];

/** Columns of `messages as m` in the order of `DispatchRow`; `attemptsSoFar` must be joined as `a`. */
export const dispatchColumns = `
  m.id, m.account_id, m.provider_id, m.campaign_id, m.recipient, m.sender, m.text, m.encoding, m.segments, m.flash,
  m.priority, m.status, date_part('epoch', m.valid_until), m.cadence_group_id, m.dlt_template_id, m.country, m.mccmnc,
  m.routed, m.duplicate_policy, coalesce((m.route ->> 'senderGiven')::boolean, true), a.tried, a.attempts,
  a.without_credit, a.is_open, m.trace,
  m.route -> 'within'`;

/** @param row may have more columns after these */
export const toDispatchMessage = (row: Readonly<[...DispatchRow, ...unknown[]]>): DispatchMessage => ({
  id: row[0],
  accountId: row[1],
  providerId: row[2],
  campaignId: row[3],
  recipient: row[4],
  sender: row[5],
  text: row[6],
  encoding: row[7],
  segments: Number(row[8]),
  flash: row[9] === "t",
  priority: row[10],
  status: row[11],
  validUntil: row[12] === null ? null : toDate(row[12]),
  cadenceGroupId: row[13],
  dltTemplateId: row[14],
  country: row[15],
  mccmnc: row[16],
  routed: row[17] === "t",
  duplicatePolicy: row[18],
  senderGiven: row[19] === "t",
  triedProviders: row[20]?.split(" ") ?? [],
  attempts: Number(row[21]),
  attemptsWithoutCredit: Number(row[22]),
  hasOpenAttempt: row[23] === "t",
  trace: row[24],
  within: row[25] === null ? null : (JSON.parse(row[25]) as string[]),
  behindSince: null,
  isFollowed: false,
  earlyMs: 0,
  version: 0,
});

// A message of version 1 has no attempts, so most messages need no look-up.
export const attemptsSoFar = `
  select coalesce(max(number), 0)::int as attempts, count(*) filter (where no_credit)::int as without_credit,
    string_agg(distinct provider_id::text, ' ') as tried,
    coalesce(bool_or(finished_at is null), false) as is_open
  from attempts where message_id = m.id and m.version > 1`;

const read: Statement = {
  name: "read_for_dispatch",
  raw: true,
  text: `
    select ${dispatchColumns},
      case when m.follows is not null and ${isBehindInSql("m")} then date_part('epoch', coalesce(m.scheduled_at, m.created_at)) end,
      exists (select 1 from messages as later where later.follows = m.id), greatest(0, 1000 * date_part('epoch', m.scheduled_at - now())), m.version
    from messages as m
    cross join lateral (${attemptsSoFar}) as a
    where m.id = any ($1::uuid[])`,
};

export async function readAllForDispatch(
  database: Queryable,
  ids: readonly string[],
): Promise<DispatchMessage[]> {
  const rows = await database.query<
    [...DispatchRow, behindSince: string | null, isFollowed: Flag, earlyMs: string | null, version: string]
  >(read, [ids]);
  return rows.map((row) => ({
    ...toDispatchMessage(row),
    behindSince: row[26] === null ? null : toDate(row[26]),
    isFollowed: row[27] === "t",
    earlyMs: Number(row[28] ?? 0),
    version: Number(row[29]),
  }));
}

export async function readForDispatch(database: Queryable, id: string): Promise<DispatchMessage | undefined> {
  return (await readAllForDispatch(database, [id]))[0];
}
