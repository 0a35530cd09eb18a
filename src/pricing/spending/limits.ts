import type { DecimalText } from "../../lib/money.ts";

/** Channel of the notifications that policies or limits have changed. */
export const routingChannel = "smsgraph_routing";

export type CapPeriod = "DAY" | "MONTH";

/** Maximum spending in a period (UTC), by the estimates made when messages are accepted. */
export interface SpendingCap {
  /** ISO 3166-1 alpha-2; null for all countries together. */
  country: string | null;
  period: CapPeriod;
  amount: DecimalText;
  currency: string;
}

/** Limits the damage when someone gets an account to send unwanted messages, as in SMS pumping. */
export interface SpendingLimits {
  /** The only countries that messages may go to; null for all. */
  allowedCountries: ReadonlySet<string> | null;
  caps: readonly SpendingCap[];
  /**
   * Whether to accept a message that no cap can count, because its price is unknown or in a currency without
   * a cap.
   */
  allowUncounted: boolean;
}

export const noLimits: SpendingLimits = { allowedCountries: null, caps: [], allowUncounted: false };

/** The caps that apply to a message to this country. */
export const capsFor = ({ caps }: SpendingLimits, country: string | null): SpendingCap[] =>
  caps.filter((cap) => cap.country === null || cap.country === country);
