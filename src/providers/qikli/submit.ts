import type { Submission, SubmitOutcome } from "../provider.ts";
import { describe } from "../wire/answers.ts";
import { failed, outOfCredit, rejected } from "../wire/outcomes.ts";
import { senderChecker } from "../wire/sender.ts";
import { digitsOf } from "../wire/text.ts";
import type { QikliSettings } from "./config.ts";
import { type Sendable, writeRequest } from "./request.ts";
import { noCreditCode, readStatus } from "./status.ts";
import { type Answer, errorWord, type Reply, sendPath, type Transport } from "./transport.ts";
import { readBulkId, readMessages, type Row } from "./wire.ts";

/** The platform allows 11 characters, the sample of the Qikli documentation has 12: what it prints may be sent. */
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
  const reply = await transport.post(sendPath, writeRequest(submission, format));
  return outcomeOf(reply, submission, transport);
}

/** What an answer, or the lack of one, proves about a submission. */
export function outcomeOf(reply: Reply, sendable: Sendable, transport: Transport): SubmitOutcome {
  if (reply.kind === "notSent") return { kind: "retryable", reason: reply.reason };
  if (reply.kind === "unanswered") return { kind: "ambiguous", reason: reply.reason };
  if (reply.isMisrouted) return failed("provider_misconfigured", misroutedText);
  const refusal = refusalByWord(reply);
  if (refusal) return refusal;
  if (reply.status < 200 || reply.status >= 300) return refusalByStatus(reply);
  // An error without a known word, but with a success for a status.
  if (reply.refusal) return failed("provider_refused", reply.errorText);
  return outcomeOfRow(reply, sendable, transport);
}

const misroutedText = "The Qikli API is not found under the base URL; check the connection's base URL.";

/** The platform's words for the errors of a request: each means that none of it was taken. */
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
  // A refusal is proof; a timeout (408), a conflict (409), a redirect, a fault or a broken 404 is not.
  const isProof = status >= 400 && status < 500 && ![404, 408, 409].includes(status);
  if (!isProof) return { kind: "ambiguous", reason: describe(answer) };
  if (status === 403) return failed("provider_forbidden", errorText);
  return failed("provider_refused", errorText);
}

function throttled(answer: Answer): SubmitOutcome {
  return { kind: "retryable", reason: describe(answer), retryAfterSeconds: answer.retryAfterSeconds };
}

/** A request is answered with a verdict for each destination, and HTTP 200 whatever the verdicts. */
function outcomeOfRow(answer: Answer, sendable: Sendable, { clean }: Transport): SubmitOutcome {
  const row = ownRow(readMessages(answer.document), sendable);
  if (!row?.status) {
    return { kind: "ambiguous", reason: `HTTP ${answer.status} without a verdict on the message` };
  }
  const { status, failure } = readStatus(row.status);
  if (status === "UNKNOWN")
    return { kind: "ambiguous", reason: `HTTP ${answer.status} with an unknown status` };
  if (!failure) {
    const providerBatchId = row.bulkId ?? readBulkId(answer.document);
    return { kind: "accepted", providerMessageId: row.messageId ?? sendable.messageId, providerBatchId };
  }
  if (failure.code === noCreditCode) return outOfCredit(clean(failure.text));
  const kind = status === "REJECTED" ? "REJECTED" : "FAILED";
  return { kind: "rejected", status: kind, failure: { ...failure, text: clean(failure.text) } };
}

/** By our message id, or else by number among the rows that have none of ours. */
function ownRow(rows: readonly Row[], { messageId, to }: Sendable): Row | undefined {
  return (
    rows.find((row) => row.messageId?.toLowerCase() === messageId.toLowerCase()) ??
    rows.find((row) => row.to !== undefined && digitsOf(row.to) === digitsOf(to))
  );
}
