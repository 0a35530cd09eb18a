import type { Database, Statement } from "../database/database.ts";
import { forgetKeyHours } from "../lib/idempotency.ts";
import { paced } from "../lib/paced.ts";
import { retentionTime } from "../database/retention-clock.ts";

const batchSize = 2_000;

const forgetKeys: Statement = {
  name: "forget_idempotency_keys",
  text: `
    with gone as (
      delete from idempotency_keys as k
      using (
        select account_id, key from idempotency_keys
        where created_at < ${retentionTime} - interval '${forgetKeyHours} hours'
        order by created_at
        limit ${batchSize}
      ) as old
      where k.account_id = old.account_id and k.key = old.key
      returning 1
    )
    select count(*)::int as count from gone`,
};

/** Days for which raw callbacks are kept for inspection. */
const callbackDays = { PROCESSED: 30, QUARANTINED: 90 } as const;

const forgetCallbacks = (state: keyof typeof callbackDays): Statement => ({
  name: `forget_${state.toLowerCase()}_callbacks`,
  text: `
    with gone as (
      delete from callbacks as c
      using (
        select id, received_at from callbacks where state = '${state}' order by id limit ${batchSize}
      ) as oldest
      where c.id = oldest.id
        and oldest.received_at < ${retentionTime} - interval '${callbackDays[state]} days'
      returning 1
    )
    select count(*)::int as count from gone`,
});

/** Receipts that have matched no message for a week never will. */
const forgetParked: Statement = {
  name: "forget_parked_receipts",
  text: `
    with gone as (
      delete from parked_receipts as p
      using (
        select id from parked_receipts
        where received_at < ${retentionTime} - interval '7 days'
        order by received_at
        limit ${batchSize}
        for update skip locked
      ) as old
      where p.id = old.id
      returning 1
    )
    select count(*)::int as count from gone`,
};

const statements = [forgetKeys, forgetCallbacks("PROCESSED"), forgetCallbacks("QUARANTINED"), forgetParked];

/**
 * Deletes everything past its retention time. It works in batches, since a long transaction would hold back
 * the readers of the event log, and goes on, with pauses in between, until nothing is left.
 */
export async function forgetOld(database: Database, signal?: AbortSignal): Promise<void> {
  for (const statement of statements)
    await paced(async () => (await forgetSome(database, statement)) === batchSize, signal);
}

async function forgetSome(database: Database, statement: Statement): Promise<number> {
  const [row] = await database.query<{ count: number }>(statement, []);
  return row?.count ?? 0;
}
