/** What remains of a validity period when an attempt starts, in whole minutes; undefined without a period. */
export function validityMinutes(validUntil: Date | null, startedAt: Date): number | undefined {
  if (!validUntil) return undefined;
  return Math.max(1, Math.floor((validUntil.getTime() - startedAt.getTime()) / 60_000));
}
