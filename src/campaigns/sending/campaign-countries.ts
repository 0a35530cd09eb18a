import type { Queryable, Statement } from "../../database/database.ts";
import { RecentlyUsed } from "../../lib/recently-used.ts";

const readCountries: Statement = {
  name: "read_countries_of_campaigns",
  text: `
    select campaign_id as "campaignId", array_agg(distinct country) as countries
    from campaign_routes where campaign_id = any ($1::uuid[]) group by campaign_id`,
};

const known = new RecentlyUsed<string, readonly string[]>(2_000);

/**
 * The countries of campaigns' recipients, which do not change once they run; "" for numbers of no country. Nothing of a
 * campaign of which it is not known.
 */
export async function countriesOf(
  database: Queryable,
  campaignIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const id of campaignIds) {
    const countries = known.get(id);
    if (countries) found.set(id, countries);
  }
  const unknown = campaignIds.filter((id) => !found.has(id));
  if (unknown.length === 0) return found;
  const rows = await database.query<{ campaignId: string; countries: string[] }>(readCountries, [unknown]);
  for (const { campaignId, countries } of rows) {
    known.set(campaignId, countries);
    found.set(campaignId, countries);
  }
  return found;
}
