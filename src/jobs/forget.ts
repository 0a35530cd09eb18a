import type { Clock } from "../lib/clock.ts";
import type { Database, Statement } from "../database/database.ts";

const hourMs = 3_600_000;

/** An idempotency key stands for a day; an hour more, since clocks differ. */
const keyHours = 25;
/** Raw callbacks that were understood are kept for a month, to look at. Quarantined ones stay. */
const callbackDays = 30;

const atOnce = 10_000;

const forgetKeys: Statement = {
  name: "forget_idempotency_keys",
  text: `
    delete from idempotency_keys as k
    using (
      select account_id, key from idempotency_keys where created_at < $1 order by created_at limit ${atOnce}
    ) as old
    where k.account_id = old.account_id and k.key = old.key`,
};

const forgetCallbacks: Statement = {
  name: "forget_callbacks",
  text: `
    delete from callbacks as c
    using (
      select id, received_at from callbacks where state = 'PROCESSED' order by id limit ${atOnce}
    ) as oldest
    where c.id = oldest.id and oldest.received_at < $1`,
};

/** Deletes what has served its time, a part at a time: no long transaction, which would hold the event log back. */
export async function forgetOld(database: Database, clock: Clock): Promise<void> {
  const now = clock.now().getTime();
  await database.query(forgetKeys, [new Date(now - keyHours * hourMs)]);
  await database.query(forgetCallbacks, [new Date(now - callbackDays * 24 * hourMs)]);
}
