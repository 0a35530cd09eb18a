/** The words of the vendor's status table. */
export type StatusWord = "SENT" | "DELIVRD" | "UNDELIV" | "EXPIRED" | "REJECTD" | "UNKNOWN";

export interface TikosmsBehaviour {
  /** Refused for its recipient. In a bulk request it is left out, without a word in the reply. */
  refusal: "none" | "noRate" | "unknownNumber";
  /** How the submit request ends. In a bulk request the first recipient decides for all of them. */
  answer: "accepted" | "throttledOnce" | "serverError" | "unsuccessful" | "html" | "hang" | "reset";
  /** Whether it is accepted, whatever the answer says; in a bulk request each recipient for itself. */
  stored: boolean;
  /** What becomes of the message, word by word. */
  finals: readonly Exclude<StatusWord, "SENT">[];
  /** The last part fails, whatever becomes of the others. */
  lastPartFails: boolean;
  callbacks: "sent" | "withheld";
  /** How often each callback is posted. */
  copies: number;
  order: "createFirst" | "updateFirst" | "partByPart";
  /** The create callback is posted, and answered, before the submit request is. */
  createBeforeAnswer: boolean;
  /** The create callback is printed as in the vendor's documentation, where it is not JSON. */
  literalCreate: boolean;
  /** Multiplies the time until the update. */
  slowness: number;
}

/** What a number does that no scenario is for: accepted, reported, delivered. */
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
