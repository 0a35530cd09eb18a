/** What is left of a validity period at the start of an attempt, in whole minutes; undefined without one. */
export function validityMinutes(validUntil: Date | null, startedAt: Date): number | undefined {
  if (!validUntil) return undefined;
  return Math.max(1, Math.floor((validUntil.getTime() - startedAt.getTime()) / 60_000));
}
