import type { BreakerState } from "../database/generated/client.ts";
import { add, compare, type DecimalText } from "../lib/money.ts";

/** What is known of a provider's state. */
export interface Standing {
  /** The share of messages it is trusted with: 1 for all, 0 for none, in between while it is on trial. */
  trust: number;
  /** False when its balance is used up. */
  hasCredit: boolean;
}

/** A provider's breaker and newest balance; null where there is none yet. */
export interface ProviderState {
  breaker: BreakerState | null;
  openUntil: Date | null;
  openSeconds: number | null;
  closedAt: Date | null;
  /** Since when it refuses for want of credit, and when one message may try again. */
  noCreditSince: Date | null;
  creditProbeAt: Date | null;
  amount: DecimalText | null;
  units: DecimalText | null;
  creditLimit: DecimalText | null;
}

/** How long a provider is on trial after its breaker has closed, and how fast it is offered probes while open. */
export const trialSeconds = 60;
/** The share that it starts with. */
const firstShare = 0.1;

export function standingOf(state: ProviderState, now: Date): Standing {
  const trust = trustIn(state, now);
  if (state.noCreditSince === null) return { trust, hasCredit: hasCredit(state) };
  // Where no balance tells that there is credit again, a message finds out.
  const share = offered(state.creditProbeAt, now);
  return { trust: Math.min(trust, share), hasCredit: share > 0 };
}

/**
 * Nothing while the breaker is open. Afterwards few messages try it, and the longer nobody comes the more, so that a
 * probe is found at any rate of traffic and there is no rush. When the probe has closed the breaker, its share grows
 * back over the trial: traffic does not flap.
 */
function trustIn({ breaker, openUntil, openSeconds, closedAt }: ProviderState, now: Date): number {
  if (breaker === null) return 1;
  if (breaker !== "CLOSED") return offered(openUntil, now);
  if (!openSeconds) return 1;
  const trial = Math.max(0, secondsSince(closedAt, now) / trialSeconds);
  return Math.min(1, firstShare + (1 - firstShare) * trial);
}

/** How many of the messages are offered as a probe that is due since `moment`. */
const offered = (moment: Date | null, now: Date): number =>
  Math.min(1, Math.max(0, secondsSince(moment, now) / trialSeconds));

const secondsSince = (moment: Date | null, now: Date): number =>
  moment === null ? Infinity : (now.getTime() - moment.getTime()) / 1000;

/** The balance may go below zero as far as the provider lets it. What it never told is believed to be enough. */
function hasCredit({ amount, units, creditLimit }: ProviderState): boolean {
  if (amount !== null) return compare(add(amount, creditLimit ?? "0"), "0") > 0;
  return units === null || compare(units, "0") > 0;
}
