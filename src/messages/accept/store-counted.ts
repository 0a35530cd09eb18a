import type { DomainError } from "../../lib/errors.ts";
import type { AccountSpend, Spending } from "../../pricing/spending/spending.ts";
import type { MessageDraft } from "./draft.ts";
import { storeMessages, type StoreOutcome } from "./store-messages.ts";

/** Stores those messages of accounts with caps that fit, and counts them in the same transaction. */
export function storeCounted(spending: Spending, drafts: readonly MessageDraft[]): Promise<StoreOutcome[]> {
  const accountIds = drafts.map(({ accountId }) => accountId);
  return spending.within(accountIds, async (transaction, ledgers) => {
    const refused = new Map<MessageDraft, DomainError>();
    for (const draft of drafts) {
      const error = ledgers.get(draft.accountId)?.take(spendOf(draft));
      if (error) refused.set(draft, error);
    }
    const fitting = drafts.filter((draft) => !refused.has(draft));
    const outcomes =
      fitting.length === 0 ? [] : await storeMessages(transaction, fitting, { isCounted: true });
    const stored = new Map(fitting.map((draft, place) => [draft, outcomes[place]]));
    const result = drafts.map((draft): StoreOutcome => {
      const error = refused.get(draft);
      return error ? { error } : (stored.get(draft) as StoreOutcome);
    });
    return { spends: fitting.filter((draft) => isNew(stored.get(draft), draft)).map(spendOf), result };
  });
}

/** A repeat under an idempotency key gives the earlier message. */
const isNew = (outcome: StoreOutcome | undefined, { id }: MessageDraft): boolean =>
  outcome !== undefined && "messageId" in outcome && outcome.messageId === id;

const spendOf = ({ accountId, country, estimatedCost, estimatedCurrency }: MessageDraft): AccountSpend => ({
  accountId,
  country,
  amount: estimatedCost,
  currency: estimatedCurrency,
});
