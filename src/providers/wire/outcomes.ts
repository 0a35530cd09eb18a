import type { FailureCode } from "../failure-codes.ts";
import type { SubmitOutcome } from "../provider.ts";

/** Refused because of the message itself: its number, sender ID or text. */
export function rejected(code: FailureCode, text: string, permanent: boolean): SubmitOutcome {
  return { kind: "rejected", status: "REJECTED", failure: { code, text, permanent } };
}

/** Refused because the account is empty. Proven not accepted, and works again once it is topped up. */
export function outOfCredit(reason: string): SubmitOutcome {
  return { kind: "retryable", reason, noCredit: true };
}

/** Whether an English refusal is about missing credit. For providers that have no code for it. */
export function speaksOfCredit(text: string): boolean {
  return /\b(insufficient|enough|no|low|out of|exceeded|exhausted)\b[^.]*\b(balance|credits?|funds|units)\b/i.test(
    text,
  );
}

/** Refused because of the connection, not the message. */
export function failed(code: FailureCode, text: string): SubmitOutcome {
  return { kind: "rejected", status: "FAILED", failure: { code, text, permanent: false } };
}

/** The outcome of a message that the answer does not mention. */
export const unmentioned: SubmitOutcome = {
  kind: "ambiguous",
  reason: "the answer has no verdict on the message",
};
