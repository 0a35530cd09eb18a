import type { SubmitOutcome } from "../provider.ts";

/** Refused for what the message is: its number, sender or text. */
export function rejected(code: string, text: string, permanent: boolean): SubmitOutcome {
  return { kind: "rejected", status: "REJECTED", failure: { code, text, permanent } };
}

/** Refused for a reason that lies with the connection, not with the message. */
export function failed(code: string, text: string): SubmitOutcome {
  return { kind: "rejected", status: "FAILED", failure: { code, text, permanent: false } };
}

/** What an answer that is silent about a message proves. */
export const unmentioned: SubmitOutcome = {
  kind: "ambiguous",
  reason: "the answer has no verdict on the message",
};
