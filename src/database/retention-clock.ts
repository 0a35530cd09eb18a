import type { Queryable, Statement } from "./database.ts";

/**
 * The time by which things expire and are cleared away. It follows the database's clock, which all processes share, and
 * stays behind where that leaps: after a jump of months it has moved by minutes, and nothing is lost by the time
 * somebody puts the clock right.
 */

/** In SQL. */
export const retentionTime = "least(now(), (select at from retention_clock where id = 1))";

/** After a stop it catches up ten times as fast as time passes, however many processes help. */
const advance: Statement = {
  name: "advance_retention_clock",
  text: `
    update retention_clock
    set at = greatest(at, least(
        now(), at + 10 * least(greatest(now() - stepped_at, interval '0'), interval '2 minutes')
      )),
      stepped_at = now()
    where now() < stepped_at or now() >= stepped_at + interval '50 seconds'
    returning extract(epoch from now() - at)::float8 as "behindSeconds"`,
};

/** Once a minute. Returns by how much it is behind; undefined when another process has just moved it. */
export async function advanceRetentionClock(database: Queryable): Promise<number | undefined> {
  const [row] = await database.query<{ behindSeconds: number }>(advance, []);
  return row?.behindSeconds;
}
