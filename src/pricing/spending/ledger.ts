import { SpendingCapError } from "../../lib/errors.ts";
import { add, compare, type DecimalText } from "../../lib/money.ts";
import { capsFor, type SpendingCap, type SpendingLimits } from "./limits.ts";

/** The estimated cost of a message; null without a rate. */
export interface Spend {
  country: string | null;
  amount: DecimalText | null;
  currency: string | null;
}

/** What an account has spent in one country and currency, today and this month (UTC). */
export interface Spent {
  /** Empty when unknown. */
  country: string;
  currency: string;
  day: DecimalText;
  month: DecimalText;
}

/** Checks spends against an account's caps, one after the other: each accepted spend counts for the next. */
export class SpendingLedger {
  readonly #limits: SpendingLimits;
  readonly #used = new Map<SpendingCap, DecimalText>();

  constructor(limits: SpendingLimits, spent: readonly Spent[]) {
    this.#limits = limits;
    for (const cap of limits.caps) {
      const counted = spent.filter(
        ({ country, currency }) =>
          currency === cap.currency && (cap.country === null || cap.country === country),
      );
      const used = counted.reduce((sum, { day, month }) => add(sum, cap.period === "DAY" ? day : month), "0");
      this.#used.set(cap, used);
    }
  }

  /** Accepts the spend, or returns the cap error and does not count it. */
  take({ country, amount, currency }: Spend): SpendingCapError | undefined {
    const caps = capsFor(this.#limits, country);
    if (caps.length === 0) return undefined;
    const inCurrency = caps.filter((cap) => cap.currency === currency);
    if (amount === null || inCurrency.length === 0) {
      return this.#limits.allowUncounted ? undefined : new SpendingCapError(null);
    }
    const next = inCurrency.map((cap) => [cap, add(this.used(cap), amount)] as const);
    const reached = next.find(([cap, used]) => compare(used, cap.amount) > 0);
    if (reached) return new SpendingCapError({ ...reached[0], spent: this.used(reached[0]) });
    for (const [cap, used] of next) this.#used.set(cap, used);
    return undefined;
  }

  /** What has been spent of one of this ledger's caps. */
  used(cap: SpendingCap): DecimalText {
    return this.#used.get(cap) ?? "0";
  }
}
