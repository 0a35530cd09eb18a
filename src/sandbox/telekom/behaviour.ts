import type { StatusWord } from "../../wire/telekom/rows.ts";
import type { Fault } from "../faults.ts";

export interface TelekomBehaviour {
  /** The recipient is refused in its own entry of the answer. */
  isRefused: boolean;
  /** How the request ends; the first recipient decides. */
  answer: "accepted" | "throttledOnce" | "sessionLostOnce" | "refused" | "miscounted" | Fault;
  /** Whether the request is accepted, whatever its answer says. */
  stored: boolean;
  /** The statuses of the message, in order. */
  words: readonly StatusWord[];
  callbacks: "sent" | "withheld";
  /** How many times each callback is posted. */
  copies: number;
  /** Callbacks are posted in reverse order. */
  reversed: boolean;
  /** The first callback is posted and acknowledged before the request is answered. */
  callbackBeforeAnswer: boolean;
  /** The format of callbacks. `literal` is that of the documentation, which is not valid JSON. */
  printing: "json" | "literal" | "textId";
  /** What the recipient answers, as a postback; undefined for nothing. */
  says: string | undefined;
  /** Status labels of look-ups are in Slovak. */
  slovak: boolean;
  /** Multiplies the delay of all statuses after the first. */
  slowness: number;
}

/** The behaviour of numbers without a scenario: accepted, reported and delivered. */
export const usualBehaviour: TelekomBehaviour = {
  isRefused: false,
  answer: "accepted",
  stored: true,
  words: ["SENT", "DELIVERED"],
  callbacks: "sent",
  copies: 1,
  reversed: false,
  callbackBeforeAnswer: false,
  printing: "json",
  says: undefined,
  slovak: false,
  slowness: 1,
};
