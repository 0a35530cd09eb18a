import type { Clock } from "../clock.ts";
import type { FirstAttempts } from "../first-attempts.ts";
import type { Delivery } from "./delivery.ts";
import type { TikosmsState } from "./state.ts";

/** The state that all endpoints share. */
export interface TikosmsContext {
  token: string;
  clock: Clock;
  state: TikosmsState;
  delivery: Delivery;
  /** By client reference, or by number. */
  attempts: FirstAttempts;
}
