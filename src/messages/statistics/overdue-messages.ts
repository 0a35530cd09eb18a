import type { Queryable, Statement } from "../../database/database.ts";
import { maxUuid, minUuid } from "../../lib/uuid.ts";
import { overdue as listedAsOverdue, type MessageStatus } from "../model/status.ts";
import type { ExpectedLags } from "./expected-lag.ts";

/** Which of the messages whose final receipt should have come by now. */
export interface OverdueRange {
  statuses?: readonly MessageStatus[] | undefined;
  providerId?: string | undefined;
  campaignId?: string | undefined;
  /** Bounds by id, both exclusive. */
  above?: string | undefined;
  below?: string | undefined;
  limit: number;
  ascending: boolean;
}

const awaiting: readonly MessageStatus[] = ["SUBMITTED", "SENT"];

/** Looks only at those that were checked once, since they have a list of their own. */
export const overdueIn = (order: "asc" | "desc"): Statement => ({
  name: `list_overdue_messages_${order}`,
  text: `
    select id from messages as m
    where account_id = $1 and listed_as = '${listedAsOverdue}' and id > $2::uuid and id < $3::uuid
      and case when status = any ($5::message_status[]) then true else false end
      and ($6::uuid is null or provider_id = $6::uuid)
      and ($7::uuid is null or campaign_id = $7::uuid)
      and submitted_at + interval '1 second' * coalesce((
        select e.seconds from unnest($9::uuid[], $10::text[], $11::float8[]) as e (provider_id, country, seconds)
        where e.provider_id = m.provider_id and e.country = coalesce(m.country, '')
      ), $12::float8) < $8::timestamptz
    order by id ${order}
    limit $4`,
});

/** Ids of overdue messages in order. */
export async function listOverdue(
  database: Queryable,
  accountId: string,
  lags: ExpectedLags,
  now: Date,
  range: OverdueRange,
): Promise<string[]> {
  const { statuses = awaiting, above = minUuid, below = maxUuid, limit, ascending } = range;
  const measured = lags.measured();
  const rows = await database.query<{ id: string }>(overdueIn(ascending ? "asc" : "desc"), [
    accountId,
    above,
    below,
    limit,
    statuses.filter((status) => awaiting.includes(status)),
    range.providerId ?? null,
    range.campaignId ?? null,
    now,
    measured.map(({ providerId }) => providerId),
    measured.map(({ country }) => country),
    measured.map(({ seconds }) => seconds),
    lags.seconds(null, null),
  ]);
  return rows.map(({ id }) => id);
}
