import type { Database, Statement } from "../../database/database.ts";
import { maxUuid, minUuid } from "../../lib/uuid.ts";
import { messageStatuses, type MessageStatus } from "../model/status.ts";

/** What is known of the messages sought. Few messages share one of these. */
export interface SearchKeys {
  id?: string | undefined;
  /** In E.164. */
  recipient?: string | undefined;
  clientRef?: string | undefined;
  /** In its stored form (`canonicalId`). */
  providerMessageId?: string | undefined;
}

export interface MessageSearch {
  accountId: string;
  keys: SearchKeys;
  /** Whether each key must fit, or one of them. */
  matches: "all" | "any";
  statuses?: readonly MessageStatus[] | undefined;
  providerId?: string | undefined;
  campaignId?: string | undefined;
  /** Bounds by id, both exclusive. */
  above?: string | undefined;
  below?: string | undefined;
  limit: number;
  ascending: boolean;
}

/** Each key with the condition that its index serves. */
const conditions = {
  id: "id = $2::uuid",
  providerMessageId:
    "provider_id = any (array(select id from providers where account_id = $1)) and provider_message_id = $2",
  clientRef: "client_ref = $2",
  recipient: "recipient = $2",
} as const satisfies Record<keyof SearchKeys, string>;

type Key = keyof SearchKeys;
/** Those that fewest messages share come first. */
const keyNames = Object.keys(conditions) as Key[];

/** Finds by the index of one key, and checks everything else row by row. */
export const searchBy = (key: Key, order: "asc" | "desc"): Statement => ({
  name: `search_messages_by_${key}_${order}`,
  text: `
    select id from messages
    where account_id = $1 and ${conditions[key]} and id > $3::uuid and id < $4::uuid
      and ($6::message_status[] is null or case when status = any ($6::message_status[]) then true else false end)
      and ($7::uuid is null or provider_id = $7::uuid)
      and ($8::uuid is null or campaign_id = $8::uuid)
      and ($9::text is null or recipient = $9::text)
      and ($10::text is null or client_ref = $10::text)
      and ($11::text is null or provider_message_id = $11::text)
    order by id ${order}
    limit $5`,
});

/** Ids of messages in order. A search for all keys goes by the index of the one that fewest messages share. */
export async function searchMessages(database: Database, search: MessageSearch): Promise<string[]> {
  const given = keyNames.filter((key) => search.keys[key] !== undefined);
  const used = search.matches === "all" ? given.slice(0, 1) : given;
  const pages = await Promise.all(used.map((key) => searchOne(database, key, search)));
  const found = [...new Set(pages.flat())].toSorted();
  return (search.ascending ? found : found.toReversed()).slice(0, search.limit);
}

async function searchOne(database: Database, key: Key, search: MessageSearch): Promise<string[]> {
  const { accountId, keys, matches, statuses, providerId, campaignId, limit, ascending } = search;
  const { above = minUuid, below = maxUuid } = search;
  const also = matches === "all" ? keys : {};
  const rows = await database.query<{ id: string }>(searchBy(key, ascending ? "asc" : "desc"), [
    accountId,
    keys[key],
    above,
    below,
    limit,
    statuses ?? messageStatuses,
    providerId ?? null,
    campaignId ?? null,
    also.recipient ?? null,
    also.clientRef ?? null,
    also.providerMessageId ?? null,
  ]);
  return rows.map(({ id }) => id);
}
