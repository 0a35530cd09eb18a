import type { Clock } from "../clock.ts";
import type { Database, Statement } from "../database/database.ts";
import { isFinal, messageStatuses } from "./status.ts";

const dayMs = 86_400_000;
const atOnce = 10_000;

/** Statuses after which nothing is expected of a message whose last event is that old. */
const settled = messageStatuses.filter((status) => isFinal(status) || status === "UNKNOWN");

const raiseFloor: Statement = {
  name: "raise_event_log_floor",
  text: `
    with oldest as materialized (
      select e.tx, e.id, e.received_at
      from event_log_floor as f
      cross join lateral (
        select tx, id, received_at from message_events
        where (tx, id) > (f.tx, f.event_id) and tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        order by tx, id
        limit ${atOnce}
      ) as e
    ), first_kept as (
      select tx, id from oldest where received_at >= $1 order by tx, id limit 1
    ), last_gone as (
      select tx, id from oldest as o
      where not exists (select from first_kept as k where (k.tx, k.id) <= (o.tx, o.id))
      order by tx desc, id desc
      limit 1
    )
    update event_log_floor as f
    set tx = g.tx, event_id = g.id
    from last_gone as g
    where (f.tx, f.event_id) < (g.tx, g.id)
    returning 1`,
};

const deleteBelowFloor: Statement = {
  name: "delete_events_below_floor",
  text: `
    with gone as (
      select e.tx, e.id
      from event_log_floor as f
      join message_events as e on (e.tx, e.id) <= (f.tx, f.event_id)
      join messages as m on m.id = e.message_id
      where m.status = any ($1::message_status[])
      order by e.tx, e.id
      limit ${atOnce}
    ), deleted as (
      delete from message_events where (tx, id) in (select tx, id from gone) returning 1
    )
    select count(*)::int as count from deleted`,
};

/**
 * Clears events away that are older than `days`. First the floor is raised, which tells readers; then what is below it
 * is deleted, but for messages that are still under way. In parts: a long transaction would hold the log back.
 */
export async function clearOldEvents(database: Database, clock: Clock, days: number): Promise<void> {
  const before = new Date(clock.now().getTime() - days * dayMs);
  for (;;) {
    const raised = await database.query(raiseFloor, [before]);
    const [deleted] = await database.query<{ count: number }>(deleteBelowFloor, [settled]);
    if (raised.length === 0 && (deleted?.count ?? 0) < atOnce) return;
  }
}
