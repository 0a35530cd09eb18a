import type { Clock } from "../clock.ts";
import type { FirstAttempts } from "../first-attempts.ts";
import type { TonkraState } from "./state.ts";

/** How installations of the platform differ. */
export interface TonkraVariant {
  /**
   * `new` has filters, dates and only the account's messages; `old` has six fields, `Delivered|<id>` and no
   * filters.
   */
  version: "old" | "new";
  /** Whether a scheduled time also works for a single number. */
  singleSchedule: "ignored" | "held";
  /** `literal` returns the documented placeholders instead of messages. */
  bodies: "real" | "literal";
  balance: "units" | "money" | "unlimited";
  apis: "both" | "http" | "v3";
  /** The zone in the account's profile. */
  timeZone: string;
}

/** The state that all endpoints share. */
export interface TonkraContext {
  token: string;
  clock: Clock;
  state: TonkraState;
  /** Time from acceptance to the first report, and between reports. */
  reportMs: number;
  /** By number and text. */
  attempts: FirstAttempts;
  variant: TonkraVariant;
}
