import { claimDue, hasCome } from "./due-providers.ts";

/**
 * Claims the providers whose balance should be asked for now. Each is due again after ten minutes, or half a
 * minute while messages wait for credit.
 */
export const claimDueBalances = claimDue({
  name: "balances",
  capability: "balance",
  due: `p.enabled and p.disconnected_at is null and ${hasCome("p.next_balance_at", "11 minutes")}`,
  next: `next_balance_at = $1::timestamptz + (1 + random() / 10) * case
    when exists (select 1 from lanes where provider_id = p.id and no_credit_since is not null)
    then interval '30 seconds' else interval '10 minutes' end`,
  first: "order by p.next_balance_at limit 100",
});
