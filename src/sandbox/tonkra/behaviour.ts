import type { Fault } from "../faults.ts";

export interface TonkraBehaviour {
  /** Refused before anything is stored. In a list of numbers it is left out, and told of in `message`. */
  refusal: Refusal | "none";
  /** How the send request ends, once it was not refused. In a list of numbers the first decides. */
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
  /** What the views say until the first report, and what the reports say, one after the other. */
  first: string;
  reports: readonly string[];
  /** Multiplies the time until a report. */
  slowness: number;
}

export type Refusal = "noCoverage" | "invalidNumber" | "blacklisted" | "sender" | "spam" | "inactivePlan";

/** What a number does that no scenario is for: accepted, on its way, delivered. */
export const usualBehaviour: TonkraBehaviour = {
  refusal: "none",
  answer: "accepted",
  stored: true,
  first: "Sent",
  reports: ["Delivered"],
  slowness: 1,
};
