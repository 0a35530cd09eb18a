import { InvalidInputError } from "../lib/errors.ts";
import { limitKinds, windowSeconds, type LimitKind, type RateLimits } from "./rate-limits.ts";

const most = 1e9;

/** @throws InvalidInputError */
export function checkLimits(input: Partial<Record<LimitKind, number | null>>, field = "limits"): RateLimits {
  const given = limitKinds.flatMap((kind) => (input[kind] == null ? [] : [[kind, input[kind]] as const]));
  for (const [kind, limit] of given) {
    // A bucket that never holds one whole unit would let nothing through.
    const least = 1 / windowSeconds[kind];
    if (limit >= least && limit <= most) continue;
    const range = `${Number(least.toFixed(3))} to ${most}`;
    throw new InvalidInputError(
      `${field}.${kind}`,
      `\`${kind}\` must be ${range} per second, not ${limit}. Leave it out for the account's limit, or revoke the key.`,
    );
  }
  return Object.fromEntries(given);
}
