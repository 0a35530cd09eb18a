import type { DecimalText } from "../../lib/money.ts";
import type { UnmetRequirement } from "./capability-check.ts";
import type { OutrankedCode } from "./ranking.ts";

/** Why a provider was not taken, as a stable word for programs. */
export type RejectionCode =
  | UnmetRequirement["code"]
  | OutrankedCode
  | "DISABLED"
  | "NOT_IN_POLICY"
  | "ALREADY_TRIED";

export interface RejectedRoute {
  providerId: string;
  name: string;
  code: RejectionCode;
  /** Plain words. */
  reason: string;
}

/** A provider that cannot be taken at all. */
export interface RefusedRoute extends RejectedRoute {
  /** Where the message is the reason: what the caller's error needs. */
  problem?: UnmetRequirement;
}

/** What was decided for a message; stored with it. */
export interface RouteDecision {
  providerId: string;
  name: string;
  /** Plain words. */
  reason: string;
  /** Of one segment; null without a rate. */
  price: DecimalText | null;
  currency: string | null;
  /** The codes of the rate. */
  mccmnc: string | null;
  rejected: readonly RejectedRoute[];
}
