import type { Queryable, Statement } from "../../database/database.ts";
import { eventColumns, toEvents, type EventRow } from "./event-rows.ts";
import type { LoggedEvent, Position } from "./logged-event.ts";

/** A range of a timeline, between two event ids where given. */
export interface TimelineRange {
  after?: bigint | undefined;
  before?: bigint | undefined;
  limit: number;
  /** Read from the end of the range, the newest event first. */
  inverted: boolean;
}

const timelinesIn = (name: string, order: "asc" | "desc"): Statement => ({
  name,
  raw: true,
  text: `
    select ${eventColumns}
    from unnest($1::uuid[]) as m (id)
    cross join lateral (
      select * from message_events
      where message_id = m.id and id > $2::bigint and id < $3::bigint
      order by id ${order}
      limit $4
    ) as e
    order by e.id ${order}`,
});

const readTimelines = timelinesIn("read_timelines", "asc");
const readTimelinesBack = timelinesIn("read_timelines_back", "desc");

/** The same range of the timelines of many messages, in one statement. */
export async function readTimelinesOf(
  database: Queryable,
  messageIds: readonly string[],
  { after = 0n, before = 2n ** 63n - 1n, limit, inverted }: TimelineRange,
): Promise<Map<string, LoggedEvent[]>> {
  const statement = inverted ? readTimelinesBack : readTimelines;
  const rows = await database.query<EventRow>(statement, [messageIds, after, before, limit]);
  const timelines = new Map<string, LoggedEvent[]>(messageIds.map((id) => [id, []]));
  for (const event of toEvents(rows)) timelines.get(event.messageId)?.push(event);
  return timelines;
}

/** The public id of an event: its position in the log, since that is how the log is looked up. */
export const eventId = ({ tx, id }: Position): string => `${tx}.${id}`;

const readByIds: Statement = {
  name: "read_events_by_id",
  raw: true,
  text: `
    select ${eventColumns}
    from unnest($2::text[]) as i (id)
    join message_events as e
      on e.tx = split_part(i.id, '.', 1)::bigint and e.id = split_part(i.id, '.', 2)::bigint
    where e.account_id = $1`,
};

/** Events of an account by their ids (see `eventId`); ids that do not exist are absent. */
export async function readEventsById(
  database: Queryable,
  accountId: string,
  ids: readonly string[],
): Promise<Map<string, LoggedEvent>> {
  const rows = await database.query<EventRow>(readByIds, [accountId, ids]);
  return new Map(toEvents(rows).map((event) => [eventId(event), event]));
}
