import { compare, type DecimalText } from "../../lib/money.ts";

/** A price and the time in which it applies. */
export interface PricePeriod {
  price: DecimalText;
  currency: string;
  validFrom: Date;
  /** Null for an open end. */
  validUntil: Date | null;
}

/** The changes that a new price makes to a history. */
interface Placement<Known extends PricePeriod> {
  /** Periods whose end changes. */
  ended: { period: Known; validUntil: Date | null }[];
  added: PricePeriod | undefined;
}

const endOf = ({ validUntil }: PricePeriod): number => validUntil?.getTime() ?? Infinity;
const toDate = (time: number): Date | null => (time === Infinity ? null : new Date(time));

/**
 * Adds a price to the history of its network. It ends the price valid until then and lasts until the next
 * known price. Existing prices and start times never change; adding the same price again changes nothing.
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
