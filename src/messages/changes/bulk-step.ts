import { arrayLiteral } from "../../database/array-literal.ts";
import { bulkCheckOf, checkReason } from "../model/check-schedule.ts";
import { addMovesInSql } from "../statistics/moves.ts";
import { campaignChannel } from "./tallies.ts";

/** A plain step of many messages of one provider at once. */
export interface Step {
  providerId: string;
  kind: string;
  /** When it happened, to all of them or to the last. */
  at: Date;
}

/** The columns that every step sets; `at`: when it happened. */
export const stateAt = (at: string): string => `
  version = m.version + 1, updated_at = greatest(m.updated_at, ${at}), retry_at = null,
  last_event_tx = greatest(m.last_event_tx, (select pg_current_xact_id()::text::bigint))`;

// Hidden from the planner. Its statistics may say that few messages have this status or provider, and it would
// start with all of those.
export const isIn = (status: string): string =>
  `case when m.status = '${status}' and m.provider_id = $3::uuid then true else false end`;

/** What a step returns of each message, for `consequences`. */
export const changedAt = (at: string): string =>
  `m.id, m.account_id, m.campaign_id, m.country, m.version, m.last_event_tx, ${at} as at`;

/**
 * What is written for the rows of `changed`: events, counts, hints, and one check of those that stay in the
 * new status.
 */
export const consequences = (from: string, to: string): string => `
  logged as (
    insert into message_events (
      tx, account_id, message_id, provider_id, version, status, source, applied, occurred_at, received_at,
      provider_message_id, provider_batch_id
    )
    select last_event_tx, account_id, id, $3::uuid, version, '${to}', 'DISPATCH', true, at, at,
      provider_message_id, provider_batch_id
    from changed
    order by id
  ), planned as (
    insert into bulk_checks (at, status, message_ids, spread)
    select $5::timestamptz, '${to}', array_agg(id), $6::float8 from changed
    where $5::timestamptz is not null
    having count(*) > 0
  ), counted as (
    select campaign_id, count(*) as count from changed where campaign_id is not null group by campaign_id
  ), tallied as (
    insert into campaign_tallies (campaign_id, provider_id, status, delta)
    select campaign_id, $3::uuid, step.status, step.sign * count
    from counted, (values ('${from}'::message_status, -1), ('${to}'::message_status, 1)) as step (status, sign)
  ), moved as (${addMovesInSql({
    rows: "changed",
    account: "account_id",
    provider: "$3::uuid",
    country: "country",
    at: "at",
    from: `'${from}'::message_status`,
    to: `'${to}'::message_status`,
  })}
  ), hinted as (
    select count(pg_notify('${campaignChannel}', campaign_id::text)) from counted
  )`;

/** The first six parameters of every step. */
export function commonValues(
  { providerId, kind, at, attempts }: Step & { attempts: readonly { id: string; number: number }[] },
  to: "SUBMITTING" | "SUBMITTED",
): unknown[] {
  const check = bulkCheckOf(checkReason(to, kind), at);
  return [
    arrayLiteral(attempts.map(({ id }) => id)),
    arrayLiteral(attempts.map(({ number }) => number)),
    providerId,
    at,
    check?.at ?? null,
    check?.spreadSeconds ?? 0,
  ];
}
