import type { E164, Submission, SubmitOutcome } from "../provider.ts";
import { describe } from "../wire/answers.ts";
import { failed, rejected } from "../wire/outcomes.ts";
import { senderChecker } from "../wire/sender.ts";
import { digitsOf } from "../wire/text.ts";
import type { TelekomSettings } from "./config.ts";
import { outcomeOfCode, sessionLost } from "./errors.ts";
import { type Answer, type Fields, isSuccess, misroutedText, type Reply } from "./post.ts";
import type { CallReply, Transport } from "./transport.ts";
import { type Entry, readEntries, type Verdict } from "./wire.ts";

/** The documentation has no limits for sender IDs; these are the limits of GSM networks. */
export const senderMaxLength = 11;
export const senderMaxDigits = 15;

/** Maximum and default validity period in minutes (Telekom SK documentation). */
export const longestValidityMinutes = 1440;

export const senderProblem = senderChecker("Telekom SK", {
  maxLength: senderMaxLength,
  maxDigits: senderMaxDigits,
});

/** One recipient per request, since the entries of an answer do not name their recipients. */
export async function submit(
  transport: Transport,
  submission: Submission,
  settings: NumberFormat,
): Promise<SubmitOutcome> {
  const { cadenceGroupId } = submission;
  if (cadenceGroupId !== undefined && !/^\d{1,15}$/.test(cadenceGroupId)) {
    return rejected(
      "invalid_request",
      "The cadence group is not a number, as those of Telekom SK are.",
      true,
    );
  }
  return outcomeOf(await transport.call("send_message", requestOf(submission, settings)));
}

type NumberFormat = Pick<TelekomSettings, "preferRcs">;

const priorities = { LOW: 1, NORMAL: undefined, HIGH: 3 } as const;

/** Values that equal the provider's defaults are left out. */
function requestOf(submission: Submission, { preferRcs }: NumberFormat): Fields {
  const { from, text, priority, flash, validityMinutes, cadenceGroupId } = submission;
  return {
    to: spelled(submission.to, preferRcs),
    text,
    from,
    // The URL itself is set with the API key in the web application.
    callback: submission.callbackUrl !== undefined,
    priority: priorities[priority],
    validity: validityMinutes && Math.min(longestValidityMinutes, Math.max(1, Math.ceil(validityMinutes))),
    unicode: unicodeOf(submission),
    type: flash ? "flash" : undefined,
    groupId: cadenceGroupId === undefined ? undefined : Number(cadenceGroupId),
  };
}

/**
 * The format of the number decides the channel: `4219…` goes out as SMS, `+4219…` as RCS first (Telekom SK
 * documentation).
 */
function spelled(number: E164, preferRcs: boolean): string {
  return preferRcs && /^\+4219\d{8}$/.test(number) ? number : digitsOf(number);
}

/**
 * False would strip diacritics, though GSM-7 has some of them. A text with such letters is left to the
 * provider's detection, so that it arrives as written.
 */
function unicodeOf({ encoding, text }: Submission): boolean | undefined {
  if (encoding === "UCS2") return true;
  return /(?![A-Za-z])\p{L}/u.test(text) ? undefined : false;
}

/** What an answer, or a missing one, proves about a submission. */
export function outcomeOf(reply: CallReply): SubmitOutcome {
  if (reply.kind === "noSession") return outcomeWithoutSession(reply.cause);
  if (reply.kind === "notSent") return { kind: "retryable", reason: reply.reason };
  if (reply.kind === "unanswered") return { kind: "ambiguous", reason: reply.reason };
  if (reply.kind === "misrouted") return failed("provider_misconfigured", misroutedText);
  // The body decides, whatever the HTTP status: the documentation names no statuses.
  const entries = readEntries(reply.content);
  if (isSuccess(reply)) return outcomeOfEntries(reply, entries);
  if (entries.some(isTaken)) return unclear(reply, "that says both failure and an id");
  if (reply.verdict?.outcome === "error") return outcomeOfRefusal(reply, reply.verdict);
  return reply.verdict ? unclear(reply, "that contradicts itself") : outcomeOfStatus(reply);
}

const isRefused = ({ verdict }: Entry): boolean => verdict?.outcome === "error";
const isTaken = ({ id, verdict }: Entry): boolean =>
  id !== undefined && (verdict?.outcome ?? "success") === "success";

/** The request had one message, so an accepted entry is ours; of several refusals any one will do. */
function outcomeOfEntries(answer: Answer, entries: readonly Entry[]): SubmitOutcome {
  const taken = entries.find(isTaken);
  if (taken) return { kind: "accepted", providerMessageId: taken.id };
  const [refusal] = entries;
  if (!refusal?.verdict || !entries.every(isRefused)) return unclear(answer, "without an id");
  return outcomeOfVerdict(refusal.verdict, answer.textOf(refusal.verdict));
}

/** An unknown code is taken for a fault of the message. */
function outcomeOfVerdict({ code }: Verdict, text: string): SubmitOutcome {
  return outcomeOfCode(code ?? "", text) ?? rejected("rejected_by_provider", text, true);
}

/** Statuses that say more than an unknown code. */
const telling: ReadonlySet<number> = new Set([401, 403, 408, 409, 429]);

function outcomeOfRefusal(answer: Answer, verdict: Verdict): SubmitOutcome {
  const { status, errorText } = answer;
  const isKnown = outcomeOfCode(verdict.code ?? "", errorText) !== undefined;
  const isOpen = status >= 500 || telling.has(status);
  return isOpen && !isKnown ? outcomeOfStatus(answer) : outcomeOfVerdict(verdict, errorText);
}

/** For an answer that is not from the application, or that contains nothing known. */
function outcomeOfStatus(answer: Answer): SubmitOutcome {
  const { status, errorText } = answer;
  if (status === 429) {
    return { kind: "retryable", reason: describe(answer), retryAfterSeconds: answer.retryAfterSeconds };
  }
  if (status === 401) return failed("provider_unauthenticated", errorText);
  if (status === 403) return failed("provider_forbidden", errorText);
  // A refusal (4xx) is proof. A timeout (408), conflict (409), broken 404, redirect or server error is not.
  const isProof = status >= 400 && status < 500 && ![404, 408, 409].includes(status);
  if (isProof) return failed("provider_refused", errorText);
  return status < 300
    ? unclear(answer, "without a readable body")
    : { kind: "ambiguous", reason: describe(answer) };
}

/**
 * The message was never written, or was refused because of its session. Only the reason remains to be found.
 */
function outcomeWithoutSession(cause: Reply): SubmitOutcome {
  if (cause.kind === "misrouted") return outcomeOf(cause);
  if (cause.kind !== "answer") return { kind: "retryable", reason: `no session: ${cause.reason}` };
  const { retryAfterSeconds, verdict } = cause;
  const isLost = sessionLost.has(verdict?.code ?? "");
  const outcome = isLost || isSuccess(cause) ? undefined : outcomeOf(cause);
  // A rejection here cannot be about the message.
  if (outcome?.kind === "rejected") {
    return outcome.status === "FAILED" ? outcome : failed("provider_refused", cause.errorText);
  }
  return { kind: "retryable", reason: `no session: ${describe(cause)}`, retryAfterSeconds };
}

function unclear({ status }: Answer, what: string): SubmitOutcome {
  return { kind: "ambiguous", reason: `HTTP ${status} ${what}` };
}
