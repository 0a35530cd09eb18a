import type { Queryable, Statement } from "../../database/database.ts";
import { firstMessageIdAt } from "../../lib/uuid.ts";
import { overdue as listedAsOverdue } from "../model/status.ts";
import type { ExpectedLags } from "./expected-lag.ts";

export type AttentionKind =
  | "LOW_BALANCE"
  | "NO_CREDIT"
  | "OPEN_BREAKER"
  | "QUARANTINED_CALLBACKS"
  | "UNMATCHED_RECEIPTS"
  | "OVERDUE_MESSAGES"
  | "UNKNOWN_OUTCOMES"
  | "GIVEN_UP_MESSAGES"
  | "FAILING_WEBHOOK"
  | "DISABLED_WEBHOOK";

/** Something that a person should look at. */
export interface Attention {
  kind: AttentionKind;
  /** How many; `maxCounted` stands for that or more. */
  count: number;
  since: Date | null;
  providerId: string | null;
  webhookId: string | null;
}

/** Nothing is counted further than this. */
export const maxCounted = 1_000;
/** Messages given up are shown for so many days. */
const givenUpDays = 7;
/** A receipt that has waited this long will hardly find its message. */
const unmatchedAfter = "15 minutes";

const read: Statement = {
  name: "read_attention",
  text: `
    with provider as (
      select id, balance_low_since from providers where account_id = $1 and disconnected_at is null
    ), waiting as (
      select provider_id, country, status, submitted_at from messages
      where account_id = $1 and listed_as = '${listedAsOverdue}' and status in ('SUBMITTED', 'SENT')
      order by id
      limit ${10 * maxCounted}
    ), expected as (
      select * from unnest($3::uuid[], $4::text[], $5::float8[]) as e (provider_id, country, seconds)
    ), late as (
      select w.provider_id, w.submitted_at + interval '1 second' * coalesce(e.seconds, $6::float8) as since
      from waiting as w
      left join expected as e on e.provider_id = w.provider_id and e.country = coalesce(w.country, '')
    )
    select 'LOW_BALANCE' as kind, 1 as count, balance_low_since as since, id as "providerId", null::uuid as "webhookId"
    from provider where balance_low_since is not null
    union all
    select 'NO_CREDIT', 1, no_credit_since, provider_id, null
    from lanes join provider on id = provider_id where no_credit_since is not null
    union all
    select 'OPEN_BREAKER', 1, null, provider_id, null
    from lanes join provider on id = provider_id where breaker <> 'CLOSED'
    union all
    select 'QUARANTINED_CALLBACKS', q.count, q.since, p.id, null
    from provider as p cross join lateral (
      select count(*)::int as count, min(received_at) as since from (
        select received_at from callbacks where provider_id = p.id and state = 'QUARANTINED' limit ${maxCounted}
      ) as c
    ) as q where q.count > 0
    union all
    select 'UNMATCHED_RECEIPTS', q.count, q.since, p.id, null
    from provider as p cross join lateral (
      select count(*)::int as count, min(received_at) as since from (
        select received_at from parked_receipts where provider_id = p.id limit ${maxCounted}
      ) as r where received_at < $2::timestamptz - interval '${unmatchedAfter}'
    ) as q where q.count > 0
    union all
    select 'OVERDUE_MESSAGES', least(count(*), ${maxCounted})::int, min(since), provider_id, null
    from late where since < $2::timestamptz group by provider_id
    union all
    select status.kind, q.count, q.since, null, null
    from (values
      ('UNKNOWN_OUTCOMES', 'OUTCOME_UNKNOWN'::message_status, '00000000-0000-0000-0000-000000000000'::uuid),
      ('GIVEN_UP_MESSAGES', 'UNKNOWN', $7::uuid)
    ) as status (kind, status, above) cross join lateral (
      select count(*)::int as count, min(updated_at) as since from (
        select updated_at from messages
        where account_id = $1 and listed_as = status.status and id > status.above
        limit ${maxCounted}
      ) as m
    ) as q where q.count > 0
    union all
    select case when enabled then 'FAILING_WEBHOOK' else 'DISABLED_WEBHOOK' end, 1, coalesce(failing_since, disabled_at), null, id
    from webhooks where account_id = $1 and (failing_since is not null or (not enabled and problem is not null))`,
};

/** What a person should look at now. Everything is found by an index and counted to a limit. */
export function readAttention(
  database: Queryable,
  accountId: string,
  lags: ExpectedLags,
  now: Date,
): Promise<Attention[]> {
  const measured = [...lags.measured()];
  const since = new Date(now.getTime() - givenUpDays * 86_400_000);
  return database.query<Attention>(read, [
    accountId,
    now,
    measured.map(({ providerId }) => providerId),
    measured.map(({ country }) => country),
    measured.map(({ seconds }) => seconds),
    lags.seconds(null, null),
    firstMessageIdAt(since),
  ]);
}
