import { compare, type DecimalText } from "../../lib/money.ts";

/** A price and when it counts. */
export interface PricePeriod {
  price: DecimalText;
  currency: string;
  validFrom: Date;
  /** Null for an open end. */
  validUntil: Date | null;
}

/** What a new price changes in a history. */
export interface Placement<Known extends PricePeriod> {
  /** The periods that now end at another time. */
  ended: { period: Known; validUntil: Date | null }[];
  added: PricePeriod | undefined;
}

const endOf = ({ validUntil }: PricePeriod): number => validUntil?.getTime() ?? Infinity;
const toDate = (time: number): Date | null => (time === Infinity ? null : new Date(time));

/**
 * Places a price into the history of its network: it ends what was valid until then, and lasts until the next price
 * that is already known. No price and no beginning is ever changed, and the same price once more changes nothing.
 */
export function placePrice<Known extends PricePeriod>(
  history: readonly Known[],
  wanted: PricePeriod,
): Placement<Known> {
  const start = wanted.validFrom.getTime();
  const counting = history.filter((period) => endOf(period) > period.validFrom.getTime());
  const later = counting.map(({ validFrom }) => validFrom.getTime()).filter((time) => time > start);
  const end = Math.min(endOf(wanted), ...later);
  if (end <= start) return { ended: [], added: undefined };
  const validUntil = toDate(end);
  const valid = counting.filter((period) => period.validFrom.getTime() <= start && start < endOf(period));
  const same = valid.find((period) => isSamePrice(period, wanted));
  if (same) return { ended: endOf(same) === end ? [] : [{ period: same, validUntil }], added: undefined };
  return {
    ended: valid.map((period) => ({ period, validUntil: wanted.validFrom })),
    added: { ...wanted, validUntil },
  };
}

const isSamePrice = (one: PricePeriod, other: PricePeriod): boolean =>
  one.currency === other.currency && compare(one.price, other.price) === 0;
