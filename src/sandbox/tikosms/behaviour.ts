import type { StatusWord } from "../../wire/tikosms/rows.ts";

export interface TikosmsBehaviour {
  /** The recipient is refused. In a bulk request it is left out, and the reply does not mention it. */
  refusal: "none" | "noRate" | "unknownNumber";
  /** How the submission ends. In a bulk request the first recipient decides for all. */
  answer: "accepted" | "throttledOnce" | "serverError" | "unsuccessful" | "html" | "hang" | "reset";
  /** Whether it is stored, whatever the answer says; in a bulk request, for each recipient. */
  stored: boolean;
  /** The final statuses of the message, in order. */
  finals: readonly Exclude<StatusWord, "SENT">[];
  /** The last part fails, whatever happens to the others. */
  lastPartFails: boolean;
  callbacks: "sent" | "withheld";
  /** How many times each callback is posted. */
  copies: number;
  order: "createFirst" | "updateFirst" | "partByPart";
  /** The create callback is posted and acknowledged before the submission is answered. */
  createBeforeAnswer: boolean;
  /** The create callback is written as in the vendor's documentation, which is not valid JSON. */
  literalCreate: boolean;
  /** Multiplies the delay of the update. */
  slowness: number;
}

/** The behaviour of numbers without a scenario: accepted, reported and delivered. */
export const usualBehaviour: TikosmsBehaviour = {
  refusal: "none",
  answer: "accepted",
  stored: true,
  finals: ["DELIVRD"],
  lastPartFails: false,
  callbacks: "sent",
  copies: 1,
  order: "createFirst",
  createBeforeAnswer: false,
  literalCreate: false,
  slowness: 1,
};
