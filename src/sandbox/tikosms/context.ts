import type { Clock } from "../clock.ts";
import type { FirstAttempts } from "../first-attempts.ts";
import type { Delivery } from "./delivery.ts";
import type { TikosmsState } from "./state.ts";

/** What the endpoints share. */
export interface TikosmsContext {
  token: string;
  clock: Clock;
  state: TikosmsState;
  delivery: Delivery;
  /** By client reference, else by number. */
  attempts: FirstAttempts;
}
