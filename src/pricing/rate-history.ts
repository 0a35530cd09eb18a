import type { DecimalText } from "../providers/provider.ts";
import { compare } from "./money.ts";

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
  /** The periods that now end earlier, all at the same time. */
  ended: { period: Known; validUntil: Date }[];
  added: PricePeriod | undefined;
}

const endOf = ({ validUntil }: PricePeriod): number => validUntil?.getTime() ?? Infinity;
const toDate = (time: number): Date | null => (time === Infinity ? null : new Date(time));

/**
 * Places a price into the history of its network: it ends what was valid until then, and lasts until the next price
 * that is already known. Nothing is overwritten, and the same price once more changes nothing.
 */
export function placePrice<Known extends PricePeriod>(
  history: readonly Known[],
  wanted: PricePeriod,
): Placement<Known> {
  const start = wanted.validFrom.getTime();
  const next = history
    .filter((period) => endOf(period) > period.validFrom.getTime())
    .map(({ validFrom }) => validFrom.getTime())
    .filter((time) => time > start);
  const end = Math.min(endOf(wanted), ...next);
  if (end <= start) return { ended: [], added: undefined };
  const valid = history.filter((period) => period.validFrom.getTime() <= start && start < endOf(period));
  const same = valid.find((period) => isSamePrice(period, wanted));
  if (same && endOf(same) >= end) return shorten(same, end);
  const from = same ? endOf(same) : start;
  return {
    ended: same ? [] : valid.map((period) => ({ period, validUntil: wanted.validFrom })),
    added: from < end ? { ...wanted, validFrom: new Date(from), validUntil: toDate(end) } : undefined,
  };
}

const isSamePrice = (one: PricePeriod, other: PricePeriod): boolean =>
  one.currency === other.currency && compare(one.price, other.price) === 0;

/** The price is known, and it is now said to end earlier, or nothing new is said. */
function shorten<Known extends PricePeriod>(period: Known, end: number): Placement<Known> {
  const validUntil = new Date(end);
  return { ended: end < endOf(period) ? [{ period, validUntil }] : [], added: undefined };
}
