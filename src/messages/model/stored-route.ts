import type { RouteDecision } from "../../pricing/routing/route-decision.ts";

/** The decision that is stored with a message, with what choosing again needs. */
export interface StoredRoute extends RouteDecision {
  /** Whether the caller named the sender; else another provider brings its own. */
  senderGiven: boolean;
}

/** Whether a message may go to another provider when the first may have it. */
export type DuplicatePolicy = "NEVER" | "ALLOW_POSSIBLE_DUPLICATE";
