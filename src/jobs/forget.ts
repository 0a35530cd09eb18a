import type { Clock } from "../lib/clock.ts";
import { paced } from "../lib/paced.ts";
import type { Database, Statement } from "../database/database.ts";

const hourMs = 3_600_000;

/** An idempotency key stands for a day; an hour more, since clocks differ. */
const keyHours = 25;
/** Raw callbacks that were understood are kept for a month, to look at. Quarantined ones stay. */
const callbackDays = 30;

const atOnce = 2_000;

const forgetKeys: Statement = {
  name: "forget_idempotency_keys",
  text: `
    with gone as (
    delete from idempotency_keys as k
    using (
      select account_id, key from idempotency_keys where created_at < $1 order by created_at limit ${atOnce}
    ) as old
    where k.account_id = old.account_id and k.key = old.key
    returning 1) select count(*)::int as count from gone`,
};

const forgetCallbacks: Statement = {
  name: "forget_callbacks",
  text: `
    with gone as (
    delete from callbacks as c
    using (
      select id, received_at from callbacks where state = 'PROCESSED' order by id limit ${atOnce}
    ) as oldest
    where c.id = oldest.id and oldest.received_at < $1
    returning 1) select count(*)::int as count from gone`,
};

/** Deletes what has served its time, a part at a time: no long transaction, which would hold the event log back. */
export async function forgetOld(
  database: Database,
  clock: Clock,
  { textDays = callbackDays }: { textDays?: number | undefined } = {},
  signal?: AbortSignal,
): Promise<void> {
  const now = clock.now().getTime();
  // Callbacks hold numbers too.
  const callbackHours = Math.min(textDays, callbackDays) * 24;
  for (const [statement, hours] of [
    [forgetKeys, keyHours],
    [forgetCallbacks, callbackHours],
  ] as const) {
    await paced(async () => {
      const before = new Date(now - hours * hourMs);
      const [gone] = await database.query<{ count: number }>(statement, [before]);
      return (gone?.count ?? 0) >= atOnce;
    }, signal);
  }
}
