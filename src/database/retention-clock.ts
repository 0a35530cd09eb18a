import type { Queryable, Statement } from "./database.ts";

/**
 * The time by which things expire and are deleted. It follows the database's clock, which all processes
 * share, but it lags behind when that clock jumps: after a jump of months it moves by minutes, so nothing is
 * lost until someone corrects the clock.
 */

/** The retention time as SQL. */
export const retentionTime = "least(now(), (select at from retention_clock where id = 1))";

/**
 * After all processes were stopped, it catches up at ten times the speed of real time, however many processes
 * run. Of two at the same moment the one that began a little earlier may come second: its clock was not set back.
 */
const advance: Statement = {
  name: "advance_retention_clock",
  text: `
    update retention_clock
    set at = greatest(at, least(
        now(), at + 10 * least(greatest(now() - stepped_at, interval '0'), interval '2 minutes')
      )),
      stepped_at = now()
    where now() < stepped_at - interval '10 seconds' or now() >= stepped_at + interval '50 seconds'
    returning extract(epoch from now() - at)::float8 as "behindSeconds"`,
};

/** Called once a minute. Returns its lag; undefined when another process has just moved it. */
export async function advanceRetentionClock(database: Queryable): Promise<number | undefined> {
  const [row] = await database.query<{ behindSeconds: number }>(advance, []);
  return row?.behindSeconds;
}
