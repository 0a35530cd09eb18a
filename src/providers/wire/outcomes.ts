import type { FailureCode } from "../failure-codes.ts";
import type { SubmitOutcome } from "../provider.ts";

/** Refused for what the message is: its number, sender or text. */
export function rejected(code: FailureCode, text: string, permanent: boolean): SubmitOutcome {
  return { kind: "rejected", status: "REJECTED", failure: { code, text, permanent } };
}

/** Refused because the account is empty. Proven not accepted, and right again once it is topped up. */
export function outOfCredit(reason: string): SubmitOutcome {
  return { kind: "retryable", reason, noCredit: true };
}

/** Whether a refusal, in English, is for want of credit. For providers that have neither a code nor a word for it. */
export function speaksOfCredit(text: string): boolean {
  return /\b(insufficient|enough|no|low|out of|exceeded|exhausted)\b[^.]*\b(balance|credits?|funds|units)\b/i.test(
    text,
  );
}

/** Refused for a reason that lies with the connection, not with the message. */
export function failed(code: FailureCode, text: string): SubmitOutcome {
  return { kind: "rejected", status: "FAILED", failure: { code, text, permanent: false } };
}

/** What an answer that is silent about a message proves. */
export const unmentioned: SubmitOutcome = {
  kind: "ambiguous",
  reason: "the answer has no verdict on the message",
};
