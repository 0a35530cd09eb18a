import type { Database, Statement } from "../database/database.ts";
import { registry } from "../providers/registry.ts";

const claim: Statement = {
  name: "claim_due_balances",
  text: `
    update providers as p
    set next_balance_at = $1::timestamptz + (1 + random() / 10) * case
      when exists (select 1 from lanes where provider_id = p.id and no_credit_since is not null)
      then interval '30 seconds' else interval '10 minutes' end
    from (
      select id from providers
      where enabled and disconnected_at is null and kind = any ($2) and next_balance_at <= $1
      order by next_balance_at
      limit 100
      for no key update skip locked
    ) as due
    where p.id = due.id
    returning p.id`,
};

const kinds = Object.values(registry)
  .filter(({ capabilities }) => capabilities.balance)
  .map(({ kind }) => kind);

/**
 * Claims the providers whose balance should be asked for now. Each is due again after ten minutes, or half a
 * minute while messages wait for credit.
 */
export async function claimDueBalances(database: Database, now: Date): Promise<string[]> {
  const rows = await database.query<{ id: string }>(claim, [now, kinds]);
  return rows.map(({ id }) => id);
}
