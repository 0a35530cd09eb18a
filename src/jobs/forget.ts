import type { Database, Statement } from "../database/database.ts";
import { paced } from "../lib/paced.ts";
import { retentionTime } from "../database/retention-clock.ts";

const atOnce = 2_000;

/** An idempotency key stands for a day; an hour more, since it is looked up without a lock. */
const forgetKeys: Statement = {
  name: "forget_idempotency_keys",
  text: `
    with gone as (
      delete from idempotency_keys as k
      using (
        select account_id, key from idempotency_keys
        where created_at < ${retentionTime} - interval '25 hours'
        order by created_at
        limit ${atOnce}
      ) as old
      where k.account_id = old.account_id and k.key = old.key
      returning 1
    )
    select count(*)::int as count from gone`,
};

/** How long raw callbacks are kept, to look at: those that were understood, and those that nobody has mended. */
const callbackDays = { PROCESSED: 30, QUARANTINED: 90 } as const;

const forgetCallbacks = (state: keyof typeof callbackDays): Statement => ({
  name: `forget_${state.toLowerCase()}_callbacks`,
  text: `
    with gone as (
      delete from callbacks as c
      using (
        select id, received_at from callbacks where state = '${state}' order by id limit ${atOnce}
      ) as oldest
      where c.id = oldest.id
        and oldest.received_at < ${retentionTime} - interval '${callbackDays[state]} days'
      returning 1
    )
    select count(*)::int as count from gone`,
});

/** Those that found no message in a week belong to none. */
const forgetParked: Statement = {
  name: "forget_parked_receipts",
  text: `
    with gone as (
      delete from parked_receipts as p
      using (
        select id from parked_receipts
        where received_at < ${retentionTime} - interval '7 days'
        order by received_at
        limit ${atOnce}
        for update skip locked
      ) as old
      where p.id = old.id
      returning 1
    )
    select count(*)::int as count from gone`,
};

const statements = [forgetKeys, forgetCallbacks("PROCESSED"), forgetCallbacks("QUARANTINED"), forgetParked];

/**
 * Deletes what has served its time, all of it: in parts, since a long transaction would hold the event log back, but
 * one part after the other until nothing is left, with rests between them.
 */
export async function forgetOld(database: Database, signal?: AbortSignal): Promise<void> {
  for (const statement of statements)
    await paced(async () => (await forgetSome(database, statement)) === atOnce, signal);
}

async function forgetSome(database: Database, statement: Statement): Promise<number> {
  const [row] = await database.query<{ count: number }>(statement, []);
  return row?.count ?? 0;
}
