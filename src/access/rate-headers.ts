import type { ServerResponse } from "node:http";
import type { LimitKind } from "./rate-limits.ts";
import type { Standing } from "./rate-limiter.ts";

/** The unit of a quota; requests are the standard's default. */
const units: Readonly<Partial<Record<LimitKind, string>>> = { cost: "cost", sends: "messages" };

/**
 * The fields `RateLimit-Policy` and `RateLimit`. A token bucket is a quota `q` in the window `w` in which it fills.
 * Source: draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4; values are structured fields of RFC 9651.
 */
export function setRateHeaders(response: ServerResponse, standings: readonly Standing[]): void {
  if (response.headersSent || standings.length === 0) return;
  response.setHeader("ratelimit-policy", standings.map(policyOf).join(", "));
  response.setHeader("ratelimit", standings.map(limitOf).join(", "));
}

function policyOf({ kind, limit, windowSeconds }: Standing): string {
  const unit = units[kind];
  return `"${kind}";q=${Math.floor(limit)};w=${windowSeconds}${unit === undefined ? "" : `;qu="${unit}"`}`;
}

const limitOf = ({ kind, remaining, resetSeconds }: Standing): string =>
  `"${kind}";r=${remaining};t=${resetSeconds}`;
