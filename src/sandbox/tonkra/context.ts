import type { Clock } from "../clock.ts";
import type { FirstAttempts } from "../first-attempts.ts";
import type { TonkraState } from "./state.ts";

/** How an installation of the platform may differ from the next. */
export interface TonkraVariant {
  /** `new` has filters, dates and the account's own messages; `old` has six fields, `Delivered|<id>` and no filters. */
  version: "old" | "new";
  /** Whether a time to send at counts for one number, too. */
  singleSchedule: "ignored" | "held";
  /** `literal` prints the documented placeholders in place of messages. */
  bodies: "real" | "literal";
  balance: "units" | "money" | "unlimited";
  apis: "both" | "http" | "v3";
  /** The zone of the account's profile. */
  timeZone: string;
}

/** What the endpoints share. */
export interface TonkraContext {
  token: string;
  clock: Clock;
  state: TonkraState;
  /** From acceptance to the first report, and between two of them. */
  reportMs: number;
  /** By number and text. */
  attempts: FirstAttempts;
  variant: TonkraVariant;
}
