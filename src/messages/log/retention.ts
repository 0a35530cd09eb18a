import type { Database, Statement } from "../../database/database.ts";
import { paced } from "../../lib/paced.ts";
import { retentionTime } from "../../database/retention-clock.ts";
import { isFinal, messageStatuses } from "../model/status.ts";

const atOnce = 2_000;

/** A message in one of these statuses expects no more events once its last one is that old. */
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
      select tx, id from oldest where received_at >= ${retentionTime} - make_interval(days => $1) order by tx, id limit 1
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

// Sub-selects and `ctid`: with a join to the floor, or a delete by key, each part would read the log to its
// end.
const deleteBelowFloor: Statement = {
  name: "delete_events_below_floor",
  text: `
    with deleted as (
      delete from message_events where ctid = any (array(
        select e.ctid
        from message_events as e
        join messages as m on m.id = e.message_id
        where (e.tx, e.id) <= ((select tx from event_log_floor), (select event_id from event_log_floor))
          and m.status = any ($1::message_status[])
        order by e.tx, e.id
        limit ${atOnce}
      )) returning 1
    )
    select count(*)::int as count from deleted`,
};

/**
 * Deletes events that are older than `days`. First it raises the floor, which readers check; then it deletes
 * what is below, except for messages that are still under way. It works in parts, since a long transaction
 * would hold back readers of the log, and with pauses, which leave the database to everyone else.
 */
export async function clearOldEvents(database: Database, days: number, signal?: AbortSignal): Promise<void> {
  await paced(async () => {
    const raised = await database.query(raiseFloor, [days]);
    const [deleted] = await database.query<{ count: number }>(deleteBelowFloor, [settled]);
    return raised.length > 0 || (deleted?.count ?? 0) >= atOnce;
  }, signal);
}
