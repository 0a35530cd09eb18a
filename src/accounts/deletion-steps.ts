import type { Queryable, Statement } from "../database/database.ts";

/** The most rows that one transaction deletes: a long one would hold back the readers of the event log. */
const atOnce = 2_000;

/** Deletes some of what an account has, and returns how many rows. */
export interface DeletionStep {
  /** What is deleted, in words. */
  what: string;
  run(transaction: Queryable, accountId: string): Promise<number>;
}

const step = (what: string, name: string, text: string): DeletionStep => {
  const statement: Statement = { name: `delete_${name}_of_account`, text };
  return {
    what,
    run: async (transaction, accountId) => {
      const [row] = await transaction.query<{ count: number }>(statement, [accountId]);
      return row?.count ?? 0;
    },
  };
};

type Deletion = `delete from ${string}`;

/** What belongs to the account by a column of its own, or by that of the row it belongs to. */
function rowsOf(what: string, deletion: Deletion, condition: string): DeletionStep {
  const table = deletion.slice("delete from ".length);
  return step(
    what,
    table.replace("only ", ""),
    `
    with gone as (
      ${deletion} where ctid = any (array(select ctid from ${table} where ${condition} limit ${atOnce}))
      returning 1
    )
    select count(*)::int as count from gone`,
  );
}

const ofAccount = "account_id = $1";
const ofCampaigns = "campaign_id in (select id from campaigns where account_id = $1)";
const ofProviders = "provider_id in (select id from providers where account_id = $1)";
const ofWebhooks = "webhook_id in (select id from webhooks where account_id = $1)";

/** With all that belongs to them. What the accounts need is added up in the same transaction. */
const messages = step(
  "messages",
  "messages",
  `
    with doomed as materialized (
      select id from messages where ${ofAccount} order by id limit ${atOnce} for update
    ), without_events as (
      delete from message_events where message_id = any (array(select id from doomed))
    ), without_attempts as (
      delete from attempts where message_id = any (array(select id from doomed))
    ), without_checks as (
      delete from message_checks where message_id = any (array(select id from doomed))
    ), without_ids as (
      delete from compat_messages where message_id = any (array(select id from doomed))
    ), without_reports as (
      delete from compat_reports where message_id = any (array(select id from doomed))
    ), gone as (
      delete from messages where id = any (array(select id from doomed))
      returning created_at, country, segments, coalesce(cost, estimated_cost) as cost,
        case when cost is null then estimated_currency else cost_currency end as currency, submitted_at
    ), kept as (
      insert into deleted_account_totals as t (account_id, month, country, currency, messages, segments, cost)
      select $1, date_trunc('month', created_at at time zone 'UTC')::date, coalesce(country, ''), coalesce(currency, ''),
        count(*), sum(segments), coalesce(sum(cost), 0)
      from gone
      where submitted_at is not null and (select keeps_totals from account_deletions where account_id = $1)
      group by 2, 3, 4
      on conflict (account_id, month, country, currency) do update
      set messages = t.messages + excluded.messages, segments = t.segments + excluded.segments, cost = t.cost + excluded.cost
    )
    select count(*)::int as count from gone`,
);

/** Jobs that wait for a lane of the account, or are to ask one of its providers. Others find nothing any more and end. */
const jobs = step(
  "jobs",
  "jobs",
  `
    with gone as (
      delete from graphile_worker._private_jobs
      where locked_at is null and (
        flags ?| array(
          select prefix || p.id from providers as p, unnest(array['provider ', 'routed ']) as prefix
          where p.account_id = $1
        )
        or payload->>'providerId' = any (array(select id::text from providers where account_id = $1))
      )
      returning 1
    )
    select count(*)::int as count from gone`,
);

/**
 * In this order: what refers to something goes before it. A table added later that has a column `account_id` belongs
 * here too; a test looks for it.
 * `audit_log` stays: it is append-only, and has a retention of its own.
 */
export const deletionSteps: readonly DeletionStep[] = [
  messages,
  // A place within a table says nothing about a table that inherits from it.
  rowsOf("recipients of campaigns", "delete from only campaign_recipients", ofCampaigns),
  rowsOf("recipients of campaigns", "delete from repeated_recipients", ofCampaigns),
  rowsOf("recipients of campaigns", "delete from duplicate_recipients", ofCampaigns),
  rowsOf("recipients of campaigns", "delete from refused_recipients", ofCampaigns),
  rowsOf("recipients of campaigns", "delete from campaign_values", ofCampaigns),
  rowsOf("campaigns", "delete from campaign_routes", ofCampaigns),
  rowsOf("campaigns", "delete from campaign_estimates", ofCampaigns),
  rowsOf("campaigns", "delete from campaign_tallies", ofCampaigns),
  rowsOf("campaigns", "delete from campaign_costs", ofCampaigns),
  rowsOf("campaigns", "delete from campaigns", ofAccount),
  rowsOf("webhooks", "delete from webhook_deliveries", ofWebhooks),
  rowsOf("webhooks", "delete from webhooks", ofAccount),
  rowsOf("callbacks", "delete from parked_receipts", ofProviders),
  rowsOf("callbacks", "delete from parked_inbound", ofProviders),
  rowsOf("callbacks", "delete from callbacks", ofProviders),
  rowsOf("attempts", "delete from attempts", ofProviders),
  rowsOf("attempts", "delete from bulk_attempts", ofProviders),
  jobs,
  rowsOf("rates", "delete from rates", ofProviders),
  rowsOf("rates", "delete from rate_questions", ofProviders),
  rowsOf("balances", "delete from balances", ofProviders),
  rowsOf("providers", "delete from provider_states", ofProviders),
  rowsOf("providers", "delete from lanes", ofProviders),
  rowsOf("providers", "delete from providers", ofAccount),
  rowsOf("statistics", "delete from move_deltas", ofAccount),
  rowsOf("statistics", "delete from move_sums", ofAccount),
  rowsOf("statistics", "delete from charge_deltas", ofAccount),
  rowsOf("statistics", "delete from charge_sums", ofAccount),
  rowsOf("suppressions", "delete from suppressions", ofAccount),
  rowsOf("suppressions", "delete from opt_out_settings", ofAccount),
  rowsOf("settings", "delete from sending_settings", ofAccount),
  rowsOf("spending", "delete from spending", ofAccount),
  rowsOf("spending", "delete from spending_limits", ofAccount),
  rowsOf("policies", "delete from routing_policies", ofAccount),
  rowsOf("idempotency keys", "delete from idempotency_keys", ofAccount),
  rowsOf("sessions", "delete from compat_sessions", ofAccount),
  rowsOf("keys", "delete from watch_tokens", ofAccount),
  rowsOf("keys", "delete from api_keys", ofAccount),
  rowsOf("the account", "delete from accounts", "id = $1 and deleting_at is not null"),
];
