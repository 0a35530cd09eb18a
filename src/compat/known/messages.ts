import type { Database, Statement } from "../../database/database.ts";
import { listMessages } from "../../messages/log/message-lists.ts";
import type { MessageStatus } from "../../messages/model/status.ts";
import type { ServedApi } from "../../messages/accept/send-input.ts";

/** A message as the served APIs show it. */
export interface KnownMessage {
  id: string;
  campaignId: string | null;
  recipient: string;
  sender: string;
  text: string;
  encoding: "GSM7" | "UCS2";
  segments: number;
  status: MessageStatus;
  clientRef: string | null;
  country: string | null;
  mccmnc: string | null;
  /** What was charged, otherwise what was estimated; of the whole message. */
  cost: string | null;
  currency: string | null;
  cadenceGroupId: string | null;
  failureCode: string | null;
  createdAt: Date;
  scheduledAt: Date | null;
  submittedAt: Date | null;
  sentAt: Date | null;
  deliveredAt: Date | null;
  updatedAt: Date;
  api: ServedApi | null;
  /** What its API knows it by; null for a message that came by another way. */
  vendorId: string | null;
  groupId: string | null;
  callbackUrl: string | null;
  details: Record<string, unknown> | null;
}

/** Of `messages as m` and `compat_messages as c`. */
export const knownColumns = `
  m.id, m.campaign_id as "campaignId", m.recipient, m.sender, m.text, m.encoding, m.segments, m.status,
  m.client_ref as "clientRef", m.country, m.mccmnc, trim_scale(coalesce(m.cost, m.estimated_cost))::text as cost,
  case when m.cost is null then m.estimated_currency else m.cost_currency end as currency,
  m.cadence_group_id as "cadenceGroupId",
  m.failure_code as "failureCode", m.created_at as "createdAt", m.scheduled_at as "scheduledAt",
  m.submitted_at as "submittedAt", m.sent_at as "sentAt", m.delivered_at as "deliveredAt", m.updated_at as "updatedAt",
  c.api, c.vendor_id as "vendorId", c.group_id as "groupId", c.callback_url as "callbackUrl", c.details`;

const outbound = "m.status <> 'RECEIVED'";

const findById: Statement = {
  name: "find_compat_message",
  text: `
    select ${knownColumns} from messages as m
    left join compat_messages as c on c.message_id = m.id
    where m.id = $2 and m.account_id = $1 and ${outbound}`,
};

export async function findMessage(
  database: Database,
  accountId: string,
  id: string,
): Promise<KnownMessage | undefined> {
  return (await database.query<KnownMessage>(findById, [accountId, id]))[0];
}

const findAny: Statement = {
  name: "find_compat_message_in_either_direction",
  text: `
    select ${knownColumns} from messages as m
    left join compat_messages as c on c.message_id = m.id
    where m.id = $2 and m.account_id = $1`,
};

/** The same, also a message from a person. */
export async function findInEitherDirection(
  database: Database,
  accountId: string,
  id: string,
): Promise<KnownMessage | undefined> {
  return (await database.query<KnownMessage>(findAny, [accountId, id]))[0];
}

const findByVendorId: Statement = {
  name: "find_compat_message_by_vendor_id",
  text: `
    select ${knownColumns} from compat_messages as c
    join messages as m on m.id = c.message_id
    where c.account_id = $1 and c.api = $2::compat_api and c.vendor_id = $3`,
};

export async function findByIdOf(
  database: Database,
  api: ServedApi,
  accountId: string,
  vendorId: string,
): Promise<KnownMessage | undefined> {
  return (await database.query<KnownMessage>(findByVendorId, [accountId, api, vendorId]))[0];
}

const findVendorIds: Statement = {
  name: "find_compat_ids",
  text: `
    select message_id as "messageId", vendor_id as "vendorId", group_id as "groupId"
    from compat_messages where message_id = any ($1::uuid[])`,
};

/** The ids by which an API knows messages that were accepted before. */
export async function readVendorIds(
  database: Database,
  messageIds: readonly string[],
): Promise<Map<string, { vendorId: string; groupId: string | null }>> {
  if (messageIds.length === 0) return new Map();
  const rows = await database.query<{ messageId: string; vendorId: string; groupId: string | null }>(
    findVendorIds,
    [messageIds],
  );
  return new Map(rows.map(({ messageId, ...ids }) => [messageId, ids]));
}

const findByIds: Statement = {
  name: "find_compat_messages",
  text: `
    select ${knownColumns} from messages as m
    left join compat_messages as c on c.message_id = m.id
    where m.id = any ($1::uuid[])
    order by m.id`,
};

/** Any accounts' messages, by their ids. */
export async function findMessages(
  database: Database,
  ids: readonly string[],
): Promise<Map<string, KnownMessage>> {
  if (ids.length === 0) return new Map();
  const found = await database.query<KnownMessage>(findByIds, [[...new Set(ids)]]);
  return new Map(found.map((message) => [message.id, message]));
}

const pageSize = 1_000;

/** All messages of a campaign, in pages. */
export async function* messagesOf(
  database: Database,
  campaignId: string,
): AsyncGenerator<readonly KnownMessage[]> {
  let above: string | undefined;
  for (;;) {
    const range = { statuses: undefined, above, limit: pageSize, ascending: true };
    const ids = await listMessages(database, { kind: "campaign", id: campaignId }, range);
    if (ids.length === 0) return;
    yield await database.query<KnownMessage>(findByIds, [ids]);
    above = ids.at(-1);
  }
}

const findUsed: Statement = {
  name: "find_used_compat_ids",
  text: `
    select vendor_id as id from compat_messages
    where account_id = $1 and api = $2::compat_api and vendor_id = any ($3::text[])`,
};

/** Which of these ids messages of the account have. */
export async function findUsedIds(
  database: Database,
  api: ServedApi,
  accountId: string,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const used = await database.query<{ id: string }>(findUsed, [accountId, api, ids]);
  return new Set(used.map(({ id }) => id));
}

const listByIds: Statement = {
  name: "list_compat_messages_by_ids",
  text: `
    select ${knownColumns} from compat_messages as c
    join messages as m on m.id = c.message_id
    where c.account_id = $1 and c.api = $2::compat_api
      and (cardinality($3::text[]) = 0 or c.group_id = any ($3))
      and (cardinality($4::text[]) = 0 or c.vendor_id = any ($4))
    order by m.id desc
    limit $5`,
};

/** Messages of one API by the ids that it has for them, the newest first. */
export const listByIdsOf = (
  database: Database,
  api: ServedApi,
  accountId: string,
  {
    groupIds,
    vendorIds,
    limit,
  }: { groupIds: readonly string[]; vendorIds: readonly string[]; limit: number },
): Promise<KnownMessage[]> =>
  database.query<KnownMessage>(listByIds, [accountId, api, groupIds, vendorIds, limit]);
