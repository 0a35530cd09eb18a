import type { Database, Statement } from "../../database/database.ts";
import { maxUuid, minUuid } from "../../lib/uuid.ts";

/** A range of a list of messages by id, newest first. */
interface DifferenceRange {
  after: string | undefined;
  before: string | undefined;
  limit: number;
  /** Read from the end backwards. */
  inverted: boolean;
}

const listIn = (name: string, order: "asc" | "desc"): Statement => ({
  name,
  text: `
    select id from messages
    where provider_id = $1
      and (cost <> estimated_cost
        or (cost is not null and estimated_cost is not null and cost_currency is distinct from estimated_currency))
      and id < coalesce($2::uuid, '${maxUuid}')
      and id > coalesce($3::uuid, '${minUuid}')
    order by id ${order}
    limit $4`,
});

const list = listIn("list_cost_differences", "desc");
const listBack = listIn("list_cost_differences_back", "asc");

/**
 * Lists the messages of a provider whose charge differs from the estimate. A partial index holds exactly
 * these.
 */
export async function listCostDifferences(
  database: Database,
  providerId: string,
  { after, before, limit, inverted }: DifferenceRange,
): Promise<string[]> {
  const values = [providerId, after ?? null, before ?? null, limit];
  const rows = await database.query<{ id: string }>(inverted ? listBack : list, values);
  return rows.map(({ id }) => id);
}
