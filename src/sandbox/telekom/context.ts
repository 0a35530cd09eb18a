import type { Clock } from "../clock.ts";
import type { FirstAttempts } from "../first-attempts.ts";
import type { Delivery } from "./delivery.ts";
import type { Fields, Format } from "./format.ts";
import type { Sessions } from "./sessions.ts";
import type { TelekomState } from "./state.ts";

/** What the functions share. */
export interface TelekomContext {
  token: string;
  timeZone: string;
  clock: Clock;
  sessions: Sessions;
  state: TelekomState;
  delivery: Delivery;
  /** By number and text: there is no reference of the client's. */
  attempts: FirstAttempts;
}

/** One call of a function, its credentials accepted. */
export interface Call {
  context: TelekomContext;
  format: Format;
  fields: Fields;
}
