import type { Lane, LaneState } from "./lane.ts";
import { tokensAt } from "./token-bucket.ts";

/** How many of the waiting submissions may start, and when to ask again for the others. */
export interface Admission {
  admitted: number;
  retryAfterMs: number;
  /**
   * True when the breaker or the credit check refuses, not when the lane is only full: routed messages should
   * fail over.
   */
  isDistrusted?: boolean;
}

/** What a lane admits, and the lane afterwards. */
interface Decision {
  admission: Admission;
  next: Lane;
}

/** A probe without an answer counts as lost after this, so the breaker does not stay half open for ever. */
const probeSeconds = 45;
/** How soon to check whether the probe has been answered. */
const probeRetryMs = 1_000;
const busyRetryMs = 50;
/**
 * An account without credit is tested with one message after seconds, later every few minutes: for providers
 * that report no balance, and for refusals that were about one expensive message.
 */
const creditProbeMs = { min: 4_000, max: 300_000 };
/** How often to check a lane without credit. Often, since a new balance can open it at any time. */
export const creditRetryMs = 5_000;
/** How long campaigns hold back after a single message had to wait; that message asks again well before. */
const yieldMs = 500;

/** A longer `Retry-After` is cut to this: the provider may have meant that one message only. */
export const maxPauseSeconds = 60;
export const maxOpenSeconds = 300;

/**
 * How long until then. What is further ahead than it can be set was set by a process whose clock was ahead, and is over:
 * such a process must not stop a provider for everyone until the others' clocks have caught up.
 */
function leftUntil(until: Date | null, now: Date, longestMs: number): number {
  const leftMs = (until?.getTime() ?? 0) - now.getTime();
  return leftMs > longestMs ? 0 : leftMs;
}

/** How soon the messages of a suspended account look again whether it was resumed. */
const suspendedRetryMs = 2_000;

/** Single messages that have to wait make campaigns hold back. */
export function decideForSingles(lane: Lane, wanted: number, now: Date): Decision {
  const { admission, next } = decide(lane, wanted, now);
  if (admission.admitted >= wanted) return { admission, next };
  return { admission, next: { ...next, yieldUntil: new Date(now.getTime() + yieldMs) } };
}

export function decideForCampaign(lane: Lane, wanted: number, bulkSize: number, now: Date): Decision {
  const yieldLeftMs = leftUntil(lane.yieldUntil, now, yieldMs);
  if (yieldLeftMs > 0) return { admission: { admitted: 0, retryAfterMs: yieldLeftMs }, next: lane };
  return decide(lane, wanted, now, bulkSize);
}

/**
 * What a lane admits of `wanted` submissions, with `bulkSize` of them per request, and the lane afterwards.
 */
export function decide(lane: Lane, wanted: number, now: Date, bulkSize = 1): Decision {
  if (lane.isSuspended) return { admission: { admitted: 0, retryAfterMs: suspendedRetryMs }, next: lane };
  const pausedMs = leftUntil(lane.pausedUntil, now, maxPauseSeconds * 1000);
  if (pausedMs > 0)
    return { admission: { admitted: 0, retryAfterMs: pausedMs, isDistrusted: false }, next: lane };
  const trust = trustOf(lane, now);
  const isDistrusted = trust.admitted !== Infinity;
  if (trust.admitted === 0) return { admission: { ...trust, isDistrusted }, next: lane };
  const refilled = refill(lane, now);
  const requests = lane.maxConcurrent === null ? Infinity : Math.max(0, lane.maxConcurrent - lane.inFlight);
  const free = requests * bulkSize;
  // Status queries may overdraw the bucket, so `tokens` can be negative.
  const affordable = lane.maxPerSecond === null ? Infinity : Math.max(0, Math.floor(refilled.tokens));
  const admitted = Math.min(wanted, trust.admitted, free, affordable);
  const spent = { ...refilled, tokens: refilled.tokens - (lane.maxPerSecond === null ? 0 : admitted) };
  const fullMs = affordable < wanted ? tokenDelayMs(spent) : busyRetryMs;
  const next = affordable < wanted ? { ...spent, wantedUntil: waitingUntil(now, fullMs) } : spent;
  const admission = {
    admitted,
    retryAfterMs: lane.noCreditSince === null ? fullMs : creditRetryMs,
    isDistrusted,
  };
  return { admission, next: admitted > 0 ? probing(next, now) : next };
}

/** A second longer than the wait itself, since those who wait ask again a little late. */
const waitingUntil = (now: Date, retryAfterMs: number): Date =>
  new Date(now.getTime() + retryAfterMs + 1_000);

/** What the breaker and the provider's credit allow: everything, nothing for a while, or one probe. */
function trustOf(lane: Lane, now: Date): Admission {
  const [trust, credit] = [breakerAllows(lane, now), creditAllows(lane, now)];
  return trust.admitted < credit.admitted ? trust : credit;
}

function creditAllows({ noCreditSince, creditProbeAt }: Lane, now: Date): Admission {
  if (noCreditSince === null) return { admitted: Infinity, retryAfterMs: 0 };
  const isDue = leftUntil(creditProbeAt, now, creditProbeMs.max) <= 0;
  return { admitted: isDue ? 1 : 0, retryAfterMs: creditRetryMs };
}

function breakerAllows({ breaker, openUntil }: Lane, now: Date): Admission {
  if (breaker === "CLOSED") return { admitted: Infinity, retryAfterMs: 0 };
  const leftMs = leftUntil(openUntil, now, maxOpenSeconds * 1000);
  if (leftMs <= 0) return { admitted: 1, retryAfterMs: 0 };
  // A probe is usually answered long before it counts as lost.
  return { admitted: 0, retryAfterMs: breaker === "HALF_OPEN" ? Math.min(leftMs, probeRetryMs) : leftMs };
}

/** Half open: nothing else starts until the probe is answered or counts as lost. */
function probing(before: Lane, now: Date): Lane {
  const lost = new Date(now.getTime() + probeSeconds * 1000);
  const lane = before.noCreditSince === null ? before : { ...before, creditProbeAt: lost };
  if (lane.breaker === "CLOSED") return lane;
  return { ...lane, breaker: "HALF_OPEN", openUntil: lost };
}

/** The lane after a refusal for lack of credit. */
export function withoutCredit<State extends LaneState>(lane: State, now: Date): State {
  const since = lane.noCreditSince ?? now;
  const waitedMs = now.getTime() - since.getTime();
  const delayMs = Math.min(Math.max(waitedMs, creditProbeMs.min), creditProbeMs.max);
  return { ...lane, noCreditSince: since, creditProbeAt: new Date(now.getTime() + delayMs) };
}

/** When the probe of a half-open lane began. */
export const probeStartedAt = ({ openUntil }: LaneState): Date =>
  new Date((openUntil?.getTime() ?? 0) - probeSeconds * 1000);

const refill = (lane: Lane, now: Date): Lane =>
  lane.maxPerSecond === null
    ? lane
    : { ...lane, tokens: tokensAt(lane, lane.maxPerSecond, now), refilledAt: now };

const tokenDelayMs = ({ tokens, maxPerSecond }: Lane): number =>
  maxPerSecond === null ? busyRetryMs : Math.max(5, ((1 - tokens) / maxPerSecond) * 1000);
