import type { Answer } from "./endpoints.ts";

const minute = 60_000;
const hour = 60 * minute;

/** The pauses after each failure, as Standard Webhooks recommends them. After the last, a webhook is disabled. */
export const retryDelaysMs: readonly number[] = [
  5_000,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  10 * hour,
];

/** The longest pause that an endpoint may ask for. */
const maxRetryAfterMs = 10 * hour;

/** Spread by a tenth to both sides, so that webhooks that failed together do not return together. */
const jitter = 0.1;

/**
 * How long to wait after so many failures in a row; undefined when that was the last. A `Retry-After` makes
 * the pause longer, never shorter: an endpoint that asks to be tried again at once would otherwise use up its
 * attempts.
 */
export function pauseAfter(
  failures: number,
  { retryAfterSeconds = 0 }: Answer,
  { delaysMs, random }: { delaysMs: readonly number[]; random: () => number },
): number | undefined {
  const delay = delaysMs[failures - 1];
  if (delay === undefined) return undefined;
  const spread = delay * (1 - jitter + 2 * jitter * random());
  return Math.max(spread, Math.min(retryAfterSeconds * 1000, maxRetryAfterMs));
}
