const maxAttempts = 12;
const firstDelayMs = 1_000;
const maxDelayMs = 10 * 60_000;

/**
 * How long to wait before attempt `attempt + 1`: exponential, with jitter over its upper half, and never less
 * than the provider asked for. Undefined when there have been enough attempts.
 */
export function retryDelayMs(
  attempt: number,
  retryAfterSeconds: number | undefined,
  random: () => number,
): number | undefined {
  if (attempt >= maxAttempts) return undefined;
  const ceiling = Math.min(firstDelayMs * 2 ** (attempt - 1), maxDelayMs);
  const delay = ceiling * (0.5 + random() / 2);
  return Math.max(delay, (retryAfterSeconds ?? 0) * 1000);
}
