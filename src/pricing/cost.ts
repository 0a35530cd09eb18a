import { multiply, type Amount } from "../lib/money.ts";
import type { RateBook } from "./rates/rate-book.ts";

/** A message as far as its price depends on it. */
export interface PricedMessage {
  providerId: string;
  /** ISO 3166-1 alpha-2; null when it is not known. */
  country: string | null;
  /** Where the network is known before sending, as after a number look-up. */
  mccmnc?: string | null;
  segments: number;
}

/** What a message accepted at that time will cost, as far as we know: segments times rate. Undefined without a rate. */
export function estimateCost(
  book: RateBook,
  { providerId, segments, ...destination }: PricedMessage,
  at: Date,
): Amount | undefined {
  const rate = book.find(providerId, destination, at);
  return rate && { amount: multiply(rate.price, segments), currency: rate.currency };
}
