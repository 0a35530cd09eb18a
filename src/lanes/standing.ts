import type { BreakerState } from "../database/generated/client.ts";
import { add, compare, type DecimalText } from "../lib/money.ts";

/** How far routing may rely on a provider. */
export interface Standing {
  /** The share of messages it is trusted with: 1 for all, 0 for none, in between while it is on trial. */
  trust: number;
  /** False when its balance is used up, or when it refuses for lack of credit and no probe is due. */
  hasCredit: boolean;
}

/** A provider's breaker and newest balance; null where there is none yet. */
export interface ProviderState {
  breaker: BreakerState | null;
  openUntil: Date | null;
  openSeconds: number | null;
  closedAt: Date | null;
  /** Since when it refuses for lack of credit, and when one message may test it again. */
  noCreditSince: Date | null;
  creditProbeAt: Date | null;
  amount: DecimalText | null;
  units: DecimalText | null;
  creditLimit: DecimalText | null;
}

/**
 * How long a provider is on trial after its breaker closed. Also how long the share of its probes takes to
 * grow to all.
 */
export const trialSeconds = 60;
/** Its share of messages when the trial starts. */
const firstShare = 0.1;

export function standingOf(state: ProviderState, now: Date): Standing {
  const trust = trustIn(state, now);
  if (state.noCreditSince === null) return { trust, hasCredit: hasCredit(state) };
  // The provider may report no balance, so messages test whether there is credit again.
  const share = offered(state.creditProbeAt, now);
  return { trust: Math.min(trust, share), hasCredit: share > 0 };
}

/**
 * 0 while the breaker is open. When a probe is due, few messages are routed to it, and more the longer none
 * arrives: so a probe is found at any rate of traffic, without a rush. Once the probe has closed the breaker,
 * the share grows back over the trial, so that traffic does not flap.
 */
function trustIn({ breaker, openUntil, openSeconds, closedAt }: ProviderState, now: Date): number {
  if (breaker === null) return 1;
  if (breaker !== "CLOSED") return offered(openUntil, now);
  if (!openSeconds) return 1;
  const trial = Math.max(0, secondsSince(closedAt, now) / trialSeconds);
  return Math.min(1, firstShare + (1 - firstShare) * trial);
}

/** The share of messages to offer for a probe that is due since `moment`. */
const offered = (moment: Date | null, now: Date): number =>
  Math.min(1, Math.max(0, secondsSince(moment, now) / trialSeconds));

const secondsSince = (moment: Date | null, now: Date): number =>
  moment === null ? Infinity : (now.getTime() - moment.getTime()) / 1000;

/**
 * The balance may be negative, up to the credit limit. A provider that reports none is assumed to have
 * credit.
 */
function hasCredit({ amount, units, creditLimit }: ProviderState): boolean {
  if (amount !== null) return compare(add(amount, creditLimit ?? "0"), "0") > 0;
  return units === null || compare(units, "0") > 0;
}
