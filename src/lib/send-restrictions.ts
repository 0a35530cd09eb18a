/** What a key may send through, as and to; what is absent does not restrict. */
export interface SendRestrictions {
  /** Local ids. */
  providerIds?: readonly string[];
  senders?: readonly string[];
  /** ISO 3166-1 alpha-2. */
  countries?: readonly string[];
}

export const restrictionKinds = ["providerIds", "senders", "countries"] as const;

/** Reads restrictions as they are stored. */
export function readRestrictions(stored: unknown): SendRestrictions | undefined {
  if (typeof stored !== "object" || stored === null || Object.keys(stored).length === 0) return undefined;
  return stored;
}
