import type { Clock } from "../../lib/clock.ts";
import type { Database, Statement } from "../../database/database.ts";
import { behindIdsBefore } from "../../lib/uuid.ts";

const find: Statement = {
  name: "find_unsettled_spending",
  text: `
    select counted_since_tx::text as "since" from spending_limits
    where account_id = $1 and not is_settled and jsonb_array_length(caps) > 0`,
};

/**
 * True when all transactions have ended that started before the caps existed, and so did not count their
 * messages.
 */
const havePassed: Statement = {
  name: "have_uncounted_passed",
  text: `
    select not exists (
      select 1 from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()
        and age(backend_xmin) >= age(($1::bigint % 4294967296)::text::xid)
    ) as passed`,
};

const lock: Statement = {
  name: "lock_unsettled_spending",
  text: `select 1 from spending_limits where account_id = $1 and not is_settled for no key update`,
};

const forget: Statement = { name: "forget_spending", text: "delete from spending where account_id = $1" };

const sum: Statement = {
  name: "sum_spending_so_far",
  text: `
    insert into spending (account_id, day, country, currency, amount)
    select account_id, (created_at at time zone 'UTC')::date, coalesce(country, ''), estimated_currency, sum(estimated_cost)
    from (
      select account_id, created_at, country, estimated_currency, estimated_cost from messages
      where account_id = $1 and id >= $2::uuid
      union all
      -- Recipients of campaigns that are not messages yet.
      select c.account_id, c.created_at, r.country, r.estimated_currency, r.estimated_cost
      from campaigns as c
      join campaign_recipients as r on r.campaign_id = c.id
      where c.account_id = $1 and c.id >= $2::uuid and c.imported_at is not null
    ) as accepted
    where estimated_cost is not null
    group by 1, 2, 3, 4`,
};

const settle: Statement = {
  name: "settle_spending",
  text: "update spending_limits set is_settled = true where account_id = $1",
};

const pauseMs = 10;
/** A transaction that runs longer, such as a backup, does not store messages. */
const maxWaitMs = 5_000;

/**
 * Counts what an account has sent this month, after it gets its first caps. Until this is done, nothing new
 * is accepted for the account; transactions that started before the caps are waited for. So no message is
 * missed or counted twice.
 */
export async function settleSpending(database: Database, accountId: string, clock: Clock): Promise<void> {
  const [unsettled] = await database.query<{ since: string }>(find, [accountId]);
  if (!unsettled) return;
  await waitForUncounted(database, unsettled.since);
  const now = clock.now();
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  await database.transaction(async (transaction) => {
    if ((await transaction.query(lock, [accountId])).length === 0) return;
    await transaction.query(forget, [accountId]);
    await transaction.query(sum, [accountId, behindIdsBefore(month)]);
    await transaction.query(settle, [accountId]);
  });
}

async function waitForUncounted(database: Database, since: string): Promise<void> {
  const deadline = performance.now() + maxWaitMs;
  while (performance.now() < deadline) {
    const [row] = await database.query<{ passed: boolean }>(havePassed, [since]);
    if (row?.passed === true) return;
    await new Promise((done) => setTimeout(done, pauseMs));
  }
}
