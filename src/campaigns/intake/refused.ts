import type { Queryable, Statement } from "../../database/database.ts";
import type { RefusedRow } from "../../lib/errors.ts";

/** A range of refused rows between two optional positions; read from its end when `inverted`. */
export interface RefusedRange {
  after?: number | undefined;
  before?: number | undefined;
  limit: number;
  inverted: boolean;
}

const readIn = (name: string, order: "asc" | "desc"): Statement => ({
  name,
  text: `
    select c.id as "campaignId", r.position, r.recipient, r.code, r.reason
    from unnest($1::uuid[]) as c (id)
    cross join lateral (
      select * from refused_recipients
      where campaign_id = c.id and position > $2 and position < $3
      order by position ${order}
      limit $4
    ) as r
    order by r.position ${order}`,
});

const read = readIn("read_refused_recipients", "asc");
const readBack = readIn("read_refused_recipients_back", "desc");
const afterAll = 2 ** 31 - 1;

/**
 * Reads the same range of refused rows for any number of campaigns, in one statement and in the order of the
 * ids.
 */
export async function readRefusedOf(
  database: Queryable,
  campaignIds: readonly string[],
  { after = 0, before = afterAll, limit, inverted }: RefusedRange,
): Promise<RefusedRow[][]> {
  const wanted = [...new Set(campaignIds)];
  const rows = await database.query<RefusedRow & { campaignId: string }>(inverted ? readBack : read, [
    wanted,
    after,
    before,
    limit,
  ]);
  const groups = Map.groupBy(rows, ({ campaignId }) => campaignId);
  return campaignIds.map((id) => groups.get(id) ?? []);
}
