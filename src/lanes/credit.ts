import type { Queryable, Statement } from "../database/database.ts";
import type { DecimalText } from "../lib/money.ts";

const reopen: Statement = {
  name: "reopen_lane_with_credit",
  text: `
    update lanes
    set no_credit_since = case when $2 > coalesce(tried_balance, 0) then null else no_credit_since end,
      credit_probe_at = case when $2 > coalesce(tried_balance, 0) then null else credit_probe_at end,
      tried_balance = $2
    where provider_id = $1 and no_credit_since <= $3
    returning no_credit_since is null as reopened`,
};

/**
 * Reopens a provider's lane when its balance shows credit. The balance must be higher than the last one with
 * which the provider refused, which may have been too little for any message. `askedAt`: when the balance was
 * requested. Returns whether the lane was reopened.
 */
export async function reopenWithCredit(
  database: Queryable,
  providerId: string,
  balance: DecimalText,
  askedAt: Date,
): Promise<boolean> {
  const [lane] = await database.query<{ reopened: boolean }>(reopen, [providerId, balance, askedAt]);
  return lane?.reopened ?? false;
}
