import type { Queryable, Statement } from "../../database/database.ts";
import { behind, readEnd, readLogFloor } from "./event-log.ts";
import type { Position } from "./logged-event.ts";

const readNext: Statement = {
  name: "read_time_of_next_event",
  text: `
    select tx, received_at as "receivedAt" from message_events
    where (tx, id) > ($1::bigint, $2::bigint) and tx <= $3::bigint
    order by tx, id
    limit 1`,
};

/**
 * A position in the log before every event that was received at `time` or later, apart from what a transaction
 * wrote that took longer than a minute. Found by halving the log, since events have no index by time.
 */
export async function positionAt(database: Queryable, time: Date): Promise<Position> {
  const wanted = time.getTime() - 60_000;
  const first = await readLogFloor(database);
  const end = await readEnd(database);
  let [low, high] = [first.tx, end.tx];
  // Everything up to `low` is too old; somewhere up to `high` is the first that is not.
  while (low < high) {
    const middle = (low + high) / 2n;
    const { tx, id } = behind(middle);
    const [next] = await database.query<{ tx: string; receivedAt: Date }>(readNext, [tx, id, high]);
    if (!next || next.receivedAt.getTime() >= wanted) high = middle;
    else low = BigInt(next.tx);
  }
  return low === first.tx ? first : behind(low);
}
