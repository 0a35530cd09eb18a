import type { Fault } from "../faults.ts";

export interface TonkraBehaviour {
  /** Refused before anything is stored. In a list of numbers it is left out and mentioned in `message`. */
  refusal: Refusal | "none";
  /** How a request that was not refused ends. In a list of numbers the first one decides. */
  answer:
    | Fault
    | "accepted"
    | "throttledOnce"
    | "noUnitsOnce"
    | "unsuccessful"
    | "gatewayError"
    | "sloppy"
    | "placeholder"
    | "list";
  /** Whether the message is stored, whatever its answer says. */
  stored: boolean;
  /** The status until the first report; then those of the reports, in order. */
  first: string;
  reports: readonly string[];
  /** What the recipient answers, as an incoming row of the list; undefined for nothing. */
  says: string | undefined;
  /** Multiplies the delay of the reports. */
  slowness: number;
}

export type Refusal = "noCoverage" | "invalidNumber" | "blacklisted" | "sender" | "spam" | "inactivePlan";

/** The behaviour of numbers without a scenario: accepted, in progress, delivered. */
export const usualBehaviour: TonkraBehaviour = {
  refusal: "none",
  answer: "accepted",
  stored: true,
  first: "Sent",
  reports: ["Delivered"],
  says: undefined,
  slowness: 1,
};
