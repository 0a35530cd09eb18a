import type { Queryable, Statement } from "../../database/database.ts";
import type { RefusedRange } from "./refused.ts";

/** A row of the input that was left out, since its number is in an earlier one. */
export interface DuplicateRow {
  position: number;
  /** In E.164. */
  recipient: string;
}

const readIn = (name: string, order: "asc" | "desc"): Statement => ({
  name,
  text: `
    select c.id as "campaignId", d.position, d.recipient
    from unnest($1::uuid[]) as c (id)
    cross join lateral (
      select * from duplicate_recipients
      where campaign_id = c.id and position > $2 and position < $3
      order by position ${order}
      limit $4
    ) as d
    order by d.position ${order}`,
});

const read = readIn("read_duplicate_recipients", "asc");
const readBack = readIn("read_duplicate_recipients_back", "desc");
const afterAll = 2 ** 31 - 1;

/** Reads the same range for any number of campaigns, in one statement and in the order of the ids. */
export async function readDuplicatesOf(
  database: Queryable,
  campaignIds: readonly string[],
  { after = 0, before = afterAll, limit, inverted }: RefusedRange,
): Promise<DuplicateRow[][]> {
  const rows = await database.query<DuplicateRow & { campaignId: string }>(inverted ? readBack : read, [
    [...new Set(campaignIds)],
    after,
    before,
    limit,
  ]);
  const groups = Map.groupBy(rows, ({ campaignId }) => campaignId);
  return campaignIds.map((id) => groups.get(id) ?? []);
}

const erase: Statement = {
  name: "erase_duplicate_recipients",
  text: `
    with erased as (
      update duplicate_recipients set recipient = ''
      where campaign_id in (select id from campaigns where account_id = $1 and duplicates_removed > 0) and recipient = $2
      returning 1
    )
    select count(*)::int as count from erased`,
};

/** Takes a number out of these lists. Returns how often it was there. */
export async function eraseDuplicates(
  database: Queryable,
  accountId: string,
  number: string,
): Promise<number> {
  const [row] = await database.query<{ count: number }>(erase, [accountId, number]);
  return row?.count ?? 0;
}
