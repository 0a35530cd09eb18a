import { maxUuid, minUuid } from "../../lib/uuid.ts";
import type { Queryable, Statement } from "../../database/database.ts";
import { messageStatuses, listsHolding, type MessageStatus } from "../model/status.ts";

/** The owner whose messages are listed. */
export interface ListOwner {
  kind: "account" | "campaign" | "provider";
  id: string;
}

/** Which of them: a range of ids, read from its end unless `ascending`. */
export interface ListRange {
  /** Only messages in one of these statuses; all where undefined. */
  statuses?: readonly MessageStatus[] | undefined;
  /** Bounds by id, both exclusive. */
  above?: string | undefined;
  below?: string | undefined;
  limit: number;
  ascending: boolean;
  /** Of a campaign: only messages of this provider. */
  providerId?: string | undefined;
}

/**
 * Takes the next messages of each list (a value of `listed_as`) by its index, then the next of them all. This
 * form leaves the planner no choice. Otherwise, where one list holds nearly everything or a status seems rare,
 * it would read and sort all messages.
 */
export const listIn = (kind: ListOwner["kind"], order: "asc" | "desc"): Statement => ({
  name: `list_messages_of_${kind}_${order}`,
  text: `
    select found.id
    from unnest($2::message_status[]) as list
    cross join lateral (
      select id from messages
      where ${kind}_id = $1 and (listed_as, id) > (list, $4::uuid) and (listed_as, id) < (list, $5::uuid)
        and case when status = any ($3::message_status[]) then true else false end${ofProvider(kind)}
      order by listed_as ${order}, id ${order}
      limit $6
    ) as found
    order by found.id ${order}
    limit $6`,
});

/** The messages of a campaign are few enough to look at each. */
const ofProvider = (kind: ListOwner["kind"]): string =>
  kind === "campaign" ? " and ($7::uuid is null or provider_id = $7::uuid)" : "";

/** Ids of messages in order. A page costs the same however deep it is and whatever else the owner has. */
export async function listMessages(
  database: Queryable,
  { kind, id }: ListOwner,
  range: ListRange,
): Promise<string[]> {
  const { statuses = messageStatuses, above = minUuid, below = maxUuid } = range;
  const values: unknown[] = [id, listsHolding(statuses), statuses, above, below, range.limit];
  if (kind === "campaign") values.push(range.providerId ?? null);
  const list = listIn(kind, range.ascending ? "asc" : "desc");
  return (await database.query<{ id: string }>(list, values)).map((row) => row.id);
}
