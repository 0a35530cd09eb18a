import type { Submission, SubmitOutcome } from "../provider.ts";
import { describe } from "../wire/answers.ts";
import { failed, rejected } from "../wire/outcomes.ts";
import { digitsOf } from "../wire/text.ts";
import { probe } from "./account.ts";
import { accountRefusal, contentRefusal, namedRefusal, speaksOfGateway } from "./refusal.ts";
import { type Answer, misroutedText, type Reply, type Transport } from "./transport.ts";
import { readVerdicts } from "./verdicts.ts";
import { readPage } from "./wire.ts";

/** Submits one message. */
export async function submit(transport: Transport, submission: Submission): Promise<SubmitOutcome> {
  const recipient = digitsOf(submission.to);
  const reply = await send(transport, [recipient], submission);
  return explained(transport, reply, outcomeOf(reply, recipient));
}

/** Sends one text to one number, or to several joined by commas. */
export function send(
  transport: Transport,
  recipients: readonly string[],
  { from, text, dltTemplateId }: Pick<Submission, "from" | "text" | "dltTemplateId">,
): Promise<Reply> {
  return transport.post("/sms/send", {
    recipient: recipients.join(","),
    sender_id: from,
    type: "plain",
    message: text,
    dlt_template_id: dltTemplateId,
  });
}

/** What an answer, or a missing one, proves about the submission to one number. */
export function outcomeOf(reply: Reply, recipient: string): SubmitOutcome {
  if (reply.kind === "notSent") return { kind: "retryable", reason: reply.reason };
  if (reply.kind === "unanswered") return { kind: "ambiguous", reason: reply.reason };
  if (reply.kind === "misrouted") return failed("provider_misconfigured", misroutedText);
  if (reply.verdict === "success") return outcomeOfSuccess(reply, recipient);
  const { status, errorText, retryAfterSeconds } = reply;
  if (status === 429) return { kind: "retryable", reason: describe(reply), retryAfterSeconds };
  if (status === 401) return failed("provider_unauthenticated", errorText);
  // A readable refusal is proof. A timeout (408), conflict (409), redirect or server error is not.
  const isRefusal = status < 500 && (status < 300 || status >= 400) && status !== 408 && status !== 409;
  if (!isRefusal) return { kind: "ambiguous", reason: describe(reply) };
  return reply.verdict === "error" ? outcomeOfError(reply) : outcomeOfFramework(reply);
}

function outcomeOfSuccess(answer: Answer, recipient: string): SubmitOutcome {
  const verdict = readVerdicts(answer.json, [recipient]).get(recipient);
  if (verdict?.kind === "taken") return { kind: "accepted", providerMessageId: verdict.uid };
  return verdict?.kind === "refused" ? outcomeOfLeftOut(answer) : unclear(answer, "success without an id");
}

/** For the one number that a successful answer leaves out. */
export function outcomeOfLeftOut(answer: Answer): SubmitOutcome {
  // Several numbers share this text, so it may be about the gateway too.
  if (speaksOfGateway(answer.errorText)) return unclear(answer, answer.errorText);
  return namedRefusal(answer.errorText) ?? rejected("rejected_by_provider", answer.errorText, false);
}

function outcomeOfError(answer: Answer): SubmitOutcome {
  const { status, errorText } = answer;
  if (readPage(answer.json).rows.some(({ uid }) => uid !== undefined))
    return unclear(answer, "an error with an id");
  // The platform stores a gateway timeout as a failure, but the phone may still get the message.
  if (speaksOfGateway(errorText)) return unclear(answer, errorText);
  // Status 404 means that the plan, the type or the settings are wrong, even if the text suggests something
  // else.
  if (status === 404) return contentRefusal(errorText) ?? failed("provider_refused", errorText);
  const named = namedRefusal(errorText);
  if (named) return named;
  // The text may be the gateway's, in any language. With any other status the refusal comes before the
  // gateway is asked.
  if (status === 403) return unclear(answer, errorText);
  return rejected(status === 422 ? "invalid_request" : "rejected_by_provider", errorText, status === 422);
}

/** For answers of the framework, which have a `message` and no `status`. */
function outcomeOfFramework(answer: Answer): SubmitOutcome {
  const { status, message, errorText } = answer;
  if (message === undefined || status < 400) return unclear(answer, "no readable answer");
  if (status === 422) return rejected("invalid_request", errorText, true);
  return failed(status === 403 ? "provider_forbidden" : "provider_refused", errorText);
}

function unclear({ status }: Answer, what: string): SubmitOutcome {
  return { kind: "ambiguous", reason: `HTTP ${status}: ${what}` };
}

/** An error with HTTP 200 means a wrong token or a wrong request, and its text may be in any language. */
function isUnexplained(reply: Reply, outcome: SubmitOutcome): boolean {
  return (
    reply.kind === "answer" &&
    reply.verdict === "error" &&
    outcome.kind === "rejected" &&
    outcome.failure.code === "rejected_by_provider"
  );
}

/** Checks whether the token is wrong before an unexplained error is blamed on the message. */
export async function explained(
  transport: Transport,
  reply: Reply,
  outcome: SubmitOutcome,
): Promise<SubmitOutcome> {
  if (!isUnexplained(reply, outcome)) return outcome;
  const probed = await probe(transport);
  const isTokenWrong = !probed.ok && probed.problem.kind === "unauthenticated";
  return isTokenWrong ? accountRefusal(probed.problem.detail) : outcome;
}
