import type { SpendingCapError } from "../../lib/errors.ts";
import type { AccountSpend, Spending } from "../../pricing/spending/spending.ts";
import type { MessageDraft } from "./draft.ts";
import { storeMessages, type StoreOutcome } from "./store-messages.ts";

/** What became of a draft whose cost is counted. */
export type CountedOutcome =
  | Exclude<StoreOutcome, { kind: "needsCounting" }>
  /** Not stored: it would exceed a cap. */
  | { kind: "capped"; error: SpendingCapError };

/** Stores those messages of accounts with caps that fit, and counts them in the same transaction. */
export function storeCounted(spending: Spending, drafts: readonly MessageDraft[]): Promise<CountedOutcome[]> {
  const accountIds = drafts.map(({ accountId }) => accountId);
  return spending.within(accountIds, async (transaction, ledgers) => {
    const outcomes = new Map<MessageDraft, CountedOutcome>();
    for (const draft of drafts) {
      const error = ledgers.get(draft.accountId)?.take(spendOf(draft));
      if (error) outcomes.set(draft, { kind: "capped", error });
    }
    const fitting = drafts.filter((draft) => !outcomes.has(draft));
    const stored = fitting.length === 0 ? [] : await storeMessages(transaction, fitting, { isCounted: true });
    for (const [index, draft] of fitting.entries()) outcomes.set(draft, counted(stored[index]));
    const spends = fitting.filter((draft) => outcomes.get(draft)?.kind === "stored").map(spendOf);
    return { spends, result: drafts.map((draft) => counted(outcomes.get(draft))) };
  });
}

function counted(outcome: StoreOutcome | CountedOutcome | undefined): CountedOutcome {
  if (outcome && outcome.kind !== "needsCounting") return outcome;
  throw new Error("A counted message was neither stored nor found under its idempotency key");
}

const spendOf = ({ accountId, country, estimatedCost, estimatedCurrency }: MessageDraft): AccountSpend => ({
  accountId,
  country,
  amount: estimatedCost,
  currency: estimatedCurrency,
});
