import { SpendingCapError } from "../../lib/errors.ts";
import { add, compare, type DecimalText } from "../../lib/money.ts";
import { capsFor, type SpendingCap, type SpendingLimits } from "./limits.ts";

/** What a message is estimated to cost; null where no rate says it. */
export interface Spend {
  country: string | null;
  amount: DecimalText | null;
  currency: string | null;
}

/** What an account has spent in a country, in one currency: today and this month (of UTC). */
export interface Spent {
  /** Empty where it is not known. */
  country: string;
  currency: string;
  day: DecimalText;
  month: DecimalText;
}

/** Weighs spends against an account's caps, one after the other: what is taken counts for those that follow. */
export class SpendingLedger {
  readonly #limits: SpendingLimits;
  readonly #used = new Map<SpendingCap, DecimalText>();

  constructor(limits: SpendingLimits, spent: readonly Spent[]) {
    this.#limits = limits;
    for (const cap of limits.caps) {
      const own = spent.filter(
        ({ country, currency }) =>
          currency === cap.currency && (cap.country === null || cap.country === country),
      );
      const used = own.reduce((sum, { day, month }) => add(sum, cap.period === "DAY" ? day : month), "0");
      this.#used.set(cap, used);
    }
  }

  /** Takes the spend, or says why not, and then it does not count. */
  take({ country, amount, currency }: Spend): SpendingCapError | undefined {
    const caps = capsFor(this.#limits, country);
    if (caps.length === 0) return undefined;
    const own = caps.filter((cap) => cap.currency === currency);
    if (amount === null || own.length === 0) {
      return this.#limits.allowUncounted ? undefined : new SpendingCapError(null);
    }
    const next = own.map((cap) => [cap, add(this.used(cap), amount)] as const);
    const reached = next.find(([cap, used]) => compare(used, cap.amount) > 0);
    if (reached) return new SpendingCapError({ ...reached[0], spent: this.used(reached[0]) });
    for (const [cap, used] of next) this.#used.set(cap, used);
    return undefined;
  }

  /** What has been spent of a cap of this ledger. */
  used(cap: SpendingCap): DecimalText {
    return this.#used.get(cap) ?? "0";
  }
}
