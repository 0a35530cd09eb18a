import type { Submission, SubmitOutcome } from "../provider.ts";
import { describe } from "../wire/answers.ts";
import type { BulkReply } from "../wire/bulk.ts";
import { failed, rejected, unmentioned } from "../wire/outcomes.ts";
import { senderChecker } from "../wire/sender.ts";
import type { QikliSettings } from "./config.ts";
import { type Sendable, writeRequest } from "./request.ts";
import { type Answer, errorWord, type Reply, sendPath, type Transport } from "./transport.ts";
import { readVerdicts } from "./verdicts.ts";

/** The platform allows 11 characters, but the sample in the Qikli documentation has 12, so 12 are allowed. */
export const senderMaxLength = 12;
export const senderMaxDigits = 14;

export const senderProblem = senderChecker("Qikli", {
  maxLength: senderMaxLength,
  maxDigits: senderMaxDigits,
});

/** Submits one message. */
export async function submit(
  transport: Transport,
  submission: Submission | Sendable,
  { format }: QikliSettings,
): Promise<SubmitOutcome> {
  const reply = await transport.post(sendPath, writeRequest([submission], format));
  const judged = judge(reply, [submission], transport);
  return judged.kind === "all" ? judged.outcome : (judged.outcomes[0] ?? unmentioned);
}

/** What an answer, or a missing one, proves about the messages of a request. */
export function judge(reply: Reply, sendables: readonly Sendable[], transport: Transport): BulkReply {
  if (reply.kind === "notSent") return all({ kind: "retryable", reason: reply.reason });
  if (reply.kind === "unanswered") return all({ kind: "ambiguous", reason: reply.reason });
  if (reply.isMisrouted) return all(failed("provider_misconfigured", misroutedText));
  const refusal = refusalByWord(reply);
  if (refusal) return all(refusal);
  if (reply.status < 200 || reply.status >= 300) return all(refusalByStatus(reply));
  // An error with an unknown word but a success status.
  if (reply.refusal) return all(failed("provider_refused", reply.errorText));
  return { kind: "each", outcomes: readVerdicts(reply.document, sendables, transport) };
}

const all = (outcome: SubmitOutcome): BulkReply => ({ kind: "all", outcome });

const misroutedText = "The Qikli API is not found under the base URL; check the connection's base URL.";

/** The platform's words for request errors. Each means that no message was accepted. */
function refusalByWord(answer: Answer): SubmitOutcome | undefined {
  const { errorText, refusal } = answer;
  switch (errorWord(refusal)) {
    case "UNAUTHORIZED":
      return failed("provider_unauthenticated", errorText);
    case "FORBIDDEN":
      return failed("provider_forbidden", errorText);
    case "TOO_MANY_REQUESTS":
      return throttled(answer);
    case "BAD_REQUEST": {
      const isCallback = /notify/i.test(JSON.stringify(refusal?.validationErrors) ?? "");
      if (isCallback) return failed("invalid_callback_url", errorText);
      return rejected("invalid_request", errorText, true);
    }
    default:
      return undefined;
  }
}

function refusalByStatus(answer: Answer): SubmitOutcome {
  const { status, errorText } = answer;
  if (status === 429) return throttled(answer);
  if (status === 401) return failed("provider_unauthenticated", errorText);
  // A refusal (4xx) is proof. A timeout (408), conflict (409), redirect, server error or broken 404 is not.
  const isProof = status >= 400 && status < 500 && ![404, 408, 409].includes(status);
  if (!isProof) return { kind: "ambiguous", reason: describe(answer) };
  if (status === 403) return failed("provider_forbidden", errorText);
  return failed("provider_refused", errorText);
}

function throttled(answer: Answer): SubmitOutcome {
  return { kind: "retryable", reason: describe(answer), retryAfterSeconds: answer.retryAfterSeconds };
}
