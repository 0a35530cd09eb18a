import type { Queryable, Statement } from "../database/database.ts";
import type { DeliveryRecord } from "./ledger.ts";

/** A range of deliveries between two optional numbers, the newest first; read from its end when `inverted`. */
export interface DeliveryRange {
  after?: bigint | undefined;
  before?: bigint | undefined;
  limit: number;
  inverted: boolean;
}

const readIn = (name: string, order: "asc" | "desc"): Statement => ({
  name,
  text: `
    select d.webhook_id as "webhookId", d.number, d.header_id as "headerId", d.events, d.status,
      d.response_code as "responseCode", d.latency_ms as "latencyMs", d.attempts, d.problem,
      d.first_attempted_at as "firstAttemptedAt", d.last_attempted_at as "lastAttemptedAt"
    from unnest($1::uuid[]) as w (id)
    cross join lateral (
      select * from webhook_deliveries
      where webhook_id = w.id and number < $2::bigint and number > $3::bigint
      order by number ${order}
      limit $4
    ) as d
    order by d.number ${order}`,
});

const read = readIn("read_webhook_deliveries", "desc");
const readBack = readIn("read_webhook_deliveries_back", "asc");
const afterAll = 2n ** 63n - 1n;

/** Reads the same range for any number of webhooks, in one statement and in the order of the ids. */
export async function readDeliveriesOf(
  database: Queryable,
  webhookIds: readonly string[],
  { after = afterAll, before = -1n, limit, inverted }: DeliveryRange,
): Promise<DeliveryRecord[][]> {
  const rows = await database.query<Omit<DeliveryRecord, "number"> & { number: string }>(
    inverted ? readBack : read,
    [[...new Set(webhookIds)], after, before, limit],
  );
  const deliveries = rows.map((row) => ({ ...row, number: BigInt(row.number) }));
  const groups = Map.groupBy(deliveries, ({ webhookId }) => webhookId);
  return webhookIds.map((id) => groups.get(id) ?? []);
}
