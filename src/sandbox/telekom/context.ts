import type { Clock } from "../clock.ts";
import type { FirstAttempts } from "../first-attempts.ts";
import type { Delivery } from "./delivery.ts";
import type { Fields, Format } from "../../wire/telekom/format.ts";
import type { Sessions } from "./sessions.ts";
import type { TelekomState } from "./state.ts";

/** The state that all functions share. */
export interface TelekomContext {
  token: string;
  timeZone: string;
  clock: Clock;
  sessions: Sessions;
  state: TelekomState;
  delivery: Delivery;
  /** By number and text, since the API has no client reference. */
  attempts: FirstAttempts;
}

/** A call of a function with valid credentials. */
export interface Call {
  context: TelekomContext;
  format: Format;
  fields: Fields;
}
