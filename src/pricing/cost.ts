import { multiply, type Amount } from "../lib/money.ts";
import type { RateBook } from "./rates/rate-book.ts";

/** The values that the price of a message depends on. */
export interface PricedMessage {
  providerId: string;
  /** ISO 3166-1 alpha-2; null when unknown. */
  country: string | null;
  /** Set when the network is known before sending, for example from a number look-up. */
  mccmnc?: string | null;
  segments: number;
}

/** Estimates the cost of a message accepted at that time: segments times rate. Undefined without a rate. */
export function estimateCost(
  book: RateBook,
  { providerId, segments, ...destination }: PricedMessage,
  at: Date,
): Amount | undefined {
  const rate = book.find(providerId, destination, at);
  return rate && { amount: multiply(rate.price, segments), currency: rate.currency };
}
