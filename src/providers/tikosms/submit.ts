import type { Submission, SubmitOutcome } from "../provider.ts";
import { describe } from "../wire/answers.ts";
import { failed, outOfCredit, rejected, speaksOfCredit } from "../wire/outcomes.ts";
import { digitsOf } from "../wire/text.ts";
import { type Answer, misroutedText, type Reply, type Transport } from "./transport.ts";
import { readSubmitReply } from "./wire.ts";

/**
 * Maximum characters of a text in `POST /message`; no limit is given for `POST /messages` (TikoSMS OpenAPI).
 */
const singleTextLength = 160;
/**
 * Maximum length of a sender ID: 15 characters in `POST /message`, 16 in `POST /messages` (TikoSMS OpenAPI).
 */
const senderLength = { single: 15, bulk: 16 };

/** Laravel counts code points, so this does too. */
const length = (text: string): number => Array.from(text).length;
const isSingle = (text: string): boolean => length(text) <= singleTextLength;

/** The maximum for any text; for a given text it may be one less. */
export const senderMaxLength = Math.max(senderLength.single, senderLength.bulk);

export function senderProblem(sender: string, text: string): string | undefined {
  const limit = isSingle(text) ? senderLength.single : senderLength.bulk;
  if (sender.trim() === "") return "The sender is empty.";
  if (/\p{Cc}/u.test(sender)) return "The sender contains control characters.";
  if (length(sender) <= limit) return undefined;
  const texts = isSingle(text) ? `up to ${singleTextLength}` : `over ${singleTextLength}`;
  return `The sender is longer than the ${limit} characters TikoSMS allows for texts of ${texts} characters.`;
}

/**
 * Submits one message with `POST /message`, or as a campaign of one recipient when its text needs that.
 */
export async function submit(transport: Transport, submission: Submission): Promise<SubmitOutcome> {
  const { from, text: message, callbackUrl: callback_url } = submission;
  const recipient = { to: digitsOf(submission.to), client_ref: submission.messageId };
  const reply = isSingle(message)
    ? await transport.post("/message", { from, message, ...recipient, callback_url })
    : // A recipient's own callback_url is only implied by the TikoSMS OpenAPI, the common one is stated.
      await transport.post("/messages", { from, message, recipients: [recipient], callback_url });
  return outcomeOf(reply);
}

/** What an answer, or a missing one, proves about a submission. */
export function outcomeOf(reply: Reply): SubmitOutcome {
  if (reply.kind === "notSent") return { kind: "retryable", reason: reply.reason };
  if (reply.kind === "unanswered") return { kind: "ambiguous", reason: reply.reason };
  if (reply.kind === "misrouted") return failed("provider_misconfigured", misroutedText);
  if (reply.status >= 200 && reply.status < 300) return outcomeOfSuccess(reply);
  return outcomeOfFailure(reply);
}

/**
 * The same for a campaign of several messages. A message id in its answer would belong to an unknown one of
 * them.
 */
export function campaignOutcome(reply: Reply): SubmitOutcome {
  const outcome = outcomeOf(reply);
  if (outcome.kind !== "accepted") return outcome;
  const { providerBatchId } = outcome;
  if (providerBatchId === undefined) {
    return { kind: "ambiguous", reason: "the answer does not name the campaign" };
  }
  return { kind: "accepted", providerBatchId };
}

function outcomeOfSuccess(answer: Answer): SubmitOutcome {
  const ids = readSubmitReply(answer.json);
  const hasId = (ids?.message_id ?? ids?.campaign_id) !== undefined;
  if (!answer.envelope) return unclear(answer, "without a readable body");
  if (answer.envelope.success === false) {
    return hasId
      ? unclear(answer, "that says both failure and an id")
      : (namedRefusal(answer) ?? rejected("rejected_by_provider", answer.errorText, false));
  }
  if (!hasId) return unclear(answer, "without an id");
  return { kind: "accepted", providerMessageId: ids?.message_id, providerBatchId: ids?.campaign_id };
}

function outcomeOfFailure(answer: Answer): SubmitOutcome {
  const { status, errorText, envelope } = answer;
  if (status === 429) {
    return { kind: "retryable", reason: describe(answer), retryAfterSeconds: answer.retryAfterSeconds };
  }
  if (status === 401) return failed("provider_unauthenticated", errorText);
  // A readable refusal (4xx) is proof. A timeout (408), conflict (409), redirect, server error or broken 404
  // is not.
  const isProof = status >= 400 && status < 500 && status !== 408 && status !== 409;
  if (!isProof || (status === 404 && !envelope)) return { kind: "ambiguous", reason: describe(answer) };
  // Not documented: "payment required", or words that say so.
  if (status === 402 || speaksOfCredit(errorText)) return outOfCredit(errorText);
  if (status === 403) return noRate(answer) ?? failed("provider_forbidden", errorText);
  if (status === 422) return namedRefusal(answer) ?? rejected("invalid_request", errorText, true);
  return failed("provider_refused", errorText);
}

function noRate({ errorText }: Answer): SubmitOutcome | undefined {
  const isNoRate = /\bno\b.*\brate\b(?! limit)/i.test(errorText);
  return isNoRate ? rejected("no_rate", errorText, true) : undefined;
}

/** Refusals known by their text in the TikoSMS OpenAPI, or by the field that Laravel's validator names. */
function namedRefusal(answer: Answer): SubmitOutcome | undefined {
  const { errorText, envelope } = answer;
  const fields = Object.keys(envelope?.errors ?? {});
  if (/callback/i.test([errorText, ...fields].join(" "))) return failed("invalid_callback_url", errorText);
  if (fields.length > 0) return undefined;
  if (speaksOfCredit(errorText)) return outOfCredit(errorText);
  const isNumber = /\bnumber\b(?! of\b)/i.test(errorText);
  return noRate(answer) ?? (isNumber ? rejected("invalid_number", errorText, true) : undefined);
}

function unclear({ status }: Answer, what: string): SubmitOutcome {
  return { kind: "ambiguous", reason: `HTTP ${status} ${what}` };
}
