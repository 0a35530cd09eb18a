import type { RouteDecision } from "../../pricing/routing/route-decision.ts";

/** The routing decision as stored with a message, with what a later choice of another provider needs. */
export interface StoredRoute extends RouteDecision {
  /** Whether the caller named the sender ID; otherwise another provider uses its own. */
  senderGiven: boolean;
  /** The only providers that it may go to, where its key was restricted to some. */
  within?: readonly string[];
}

/** Whether a message may go to another provider although the first may have accepted it. */
export type DuplicatePolicy = "NEVER" | "ALLOW_POSSIBLE_DUPLICATE";
