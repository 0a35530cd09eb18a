import type { DecimalText } from "../../lib/money.ts";

/** A hint that policies or limits have changed. */
export const routingChannel = "smsgraph_routing";

export type CapPeriod = "DAY" | "MONTH";

/** The most that may be spent in a period (of UTC), by what messages are estimated to cost when accepted. */
export interface SpendingCap {
  /** ISO 3166-1 alpha-2; null for all countries together. */
  country: string | null;
  period: CapPeriod;
  amount: DecimalText;
  currency: string;
}

/** What protects an account from messages that somebody else wants it to send. */
export interface SpendingLimits {
  /** The only countries that messages may go to; null for all. */
  allowedCountries: ReadonlySet<string> | null;
  caps: readonly SpendingCap[];
  /** Whether a message passes that no cap can count: its price is unknown, or in a currency without a cap. */
  allowUncounted: boolean;
}

export const noLimits: SpendingLimits = { allowedCountries: null, caps: [], allowUncounted: false };

/** The caps that a message to a country counts against. */
export const capsFor = ({ caps }: SpendingLimits, country: string | null): SpendingCap[] =>
  caps.filter((cap) => cap.country === null || cap.country === country);
