import type { Clock } from "../clock.ts";
import type { FirstAttempts } from "../first-attempts.ts";
import type { Random } from "../random.ts";
import type { Delivery } from "./delivery.ts";
import type { QikliState } from "./state.ts";

/** The state that all endpoints share. */
export interface QikliContext {
  /** The required value of the `Authorization` header. */
  authorization: string;
  clock: Clock;
  random: Random;
  state: QikliState;
  delivery: Delivery;
  /** By message id, or by number. */
  attempts: FirstAttempts;
  /** Whether to serve the logs, which the vendor's documentation does not have. */
  logs: boolean;
}
