import type { Lane } from "../../src/lanes/lane.ts";

/** A lane without limits, trusted and with credit, as of `now`. */
export const restingLane = (now: Date): Lane => ({
  providerId: "p",
  maxPerSecond: null,
  maxConcurrent: null,
  inFlight: 0,
  isSuspended: false,
  tokens: 1,
  refilledAt: now,
  wantedUntil: null,
  breaker: "CLOSED",
  openUntil: null,
  openSeconds: 0,
  closedAt: now,
  noCreditSince: null,
  creditProbeAt: null,
  yieldUntil: null,
  pausedUntil: null,
});
