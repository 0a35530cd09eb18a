import type { Fault } from "../faults.ts";

/** The words of the documentation's two status tables, that of `check_message` and that of callbacks. */
export type StatusWord =
  | "UNSENT"
  | "SCHEDULED"
  | "QUEUED"
  | "SENDING"
  | "SENT"
  | "DELIVERED"
  | "EXPIRED"
  | "DELETED"
  | "UNDELIVERABLE"
  | "DENIED"
  | "IN_GROUP"
  | "READ"
  | "PROCESSING"
  | "ERROR"
  | "UNKNOWN";

export interface TelekomBehaviour {
  /** Refused for its recipient, in its own entry of the answer. */
  isRefused: boolean;
  /** How the request ends; the first recipient decides. */
  answer: "accepted" | "throttledOnce" | "sessionLostOnce" | "refused" | "miscounted" | Fault;
  /** Whether the request is accepted, whatever its answer says. */
  stored: boolean;
  /** What becomes of the message, word by word. */
  words: readonly StatusWord[];
  callbacks: "sent" | "withheld";
  /** How often each callback is posted. */
  copies: number;
  /** The callbacks come in the opposite order. */
  reversed: boolean;
  /** The first callback is posted, and answered, before the request is. */
  callbackBeforeAnswer: boolean;
  /** How callbacks are printed: `literal` as in the documentation, where they are no JSON. */
  printing: "json" | "literal" | "textId";
  /** A reaction of the recipient follows, as RCS has them. */
  postback: boolean;
  /** Labels of look-ups in Slovak. */
  slovak: boolean;
  /** Multiplies the time until the words after the first. */
  slowness: number;
}

/** What a number does that no scenario is for: accepted, reported, delivered. */
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
  postback: false,
  slovak: false,
  slowness: 1,
};
