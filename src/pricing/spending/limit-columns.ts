import { noLimits, type SpendingCap, type SpendingLimits } from "./limits.ts";

/** Limits as stored; null means no limit. */
export interface LimitColumns {
  allowedCountries: string[] | null;
  allowsAllCountries: boolean | null;
  caps: SpendingCap[] | null;
  allowUncounted: boolean | null;
}

export function limitsOf(row: LimitColumns | undefined): SpendingLimits {
  if (!row?.caps) return noLimits;
  const allowedCountries = row.allowsAllCountries === false ? new Set(row.allowedCountries) : null;
  return { allowedCountries, caps: row.caps, allowUncounted: row.allowUncounted ?? false };
}
