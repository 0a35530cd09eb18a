import type { Clock } from "../clock.ts";
import type { FirstAttempts } from "../first-attempts.ts";
import type { Random } from "../random.ts";
import type { Delivery } from "./delivery.ts";
import type { QikliState } from "./state.ts";

/** What the endpoints share. */
export interface QikliContext {
  /** The value of the `Authorization` header clients must send. */
  authorization: string;
  clock: Clock;
  random: Random;
  state: QikliState;
  delivery: Delivery;
  /** By message id, else by number. */
  attempts: FirstAttempts;
  /** Whether the logs, which the vendor's documentation does not have, are served. */
  logs: boolean;
}
