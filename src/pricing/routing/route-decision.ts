import type { DecimalText } from "../../lib/money.ts";
import type { UnmetRequirement } from "./capability-check.ts";
import type { OutrankedCode } from "./ranking.ts";

/** Why a provider was not chosen, as a stable code. */
type RejectionCode =
  | UnmetRequirement["code"]
  | OutrankedCode
  | "DISABLED"
  | "NOT_IN_POLICY"
  | "NOT_FOR_KEY"
  | "ALREADY_TRIED";

export interface RejectedRoute {
  providerId: string;
  name: string;
  code: RejectionCode;
  /** Plain words. */
  reason: string;
}

/** A provider that cannot be chosen at all. */
export interface RefusedRoute extends RejectedRoute {
  /** Set when the message is the reason: data for the caller's error. */
  problem?: UnmetRequirement;
}

/** The routing decision for a message; stored with it. */
export interface RouteDecision {
  providerId: string;
  name: string;
  /** Plain words. */
  reason: string;
  /** Price of one segment; null without a rate. */
  price: DecimalText | null;
  currency: string | null;
  /** The codes of the rate. */
  mccmnc: string | null;
  rejected: readonly RejectedRoute[];
}
