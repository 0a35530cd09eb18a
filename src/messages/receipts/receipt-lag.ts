import type { Database, Statement } from "../../database/database.ts";

const read: Statement = {
  name: "read_receipt_lag",
  text: `
    select percentile_cont(array[0.5, 0.95, 0.99]) within group (order by lag) as lags
    from (
      select extract(epoch from e.received_at - m.submitted_at)::float8 as lag
      from (
        select message_id, received_at from message_events
        where provider_id = $1 and source = 'CALLBACK' and applied and received_at > $2
          and status = any ('{DELIVERED,UNDELIVERED,EXPIRED,REJECTED}')
        order by tx desc, id desc
        limit 1000
      ) as e
      join messages as m on m.id = e.message_id
      where m.submitted_at is not null
    ) as recent`,
};

/** Seconds from submission to the final receipt (DLR), over the newest thousand of the last hour. */
export async function readReceiptLag(
  database: Database,
  providerId: string,
  now: Date,
): Promise<{ p50: number; p95: number; p99: number } | null> {
  const since = new Date(now.getTime() - 3_600_000);
  const [row] = await database.query<{ lags: number[] | null }>(read, [providerId, since]);
  const [p50, p95, p99] = row?.lags ?? [];
  return p50 === undefined || p95 === undefined || p99 === undefined ? null : { p50, p95, p99 };
}
