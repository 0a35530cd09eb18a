import { tooManyAttempts } from "../../wire/laravel.ts";
import {
  delivered,
  error,
  numberProblems,
  rawJson,
  refusals as documented,
  scheduled,
  success,
} from "../../wire/tonkra/answers.ts";
import { readSend, type SendRequest } from "../../wire/tonkra/requests.ts";
import { faults } from "../faults.ts";
import type { SandboxReply } from "../http-server.ts";
import type { Refusal, TonkraBehaviour } from "./behaviour.ts";
import type { TonkraContext } from "./context.ts";
import { messages } from "./replies.ts";
import { listed, literalBody, sent, sloppyBody } from "./rows.ts";
import { behaviourFor } from "./scenarios.ts";
import type { Message, Submission } from "./state.ts";

const sendPlaceholder = "sms reports with all details";

/** `POST` and `GET sms/send`: refusals first, then the behaviour of the first number's scenario. */
export function send(context: TonkraContext, input: unknown): SandboxReply {
  const read = readSend(input, context.variant.timeZone);
  if (!read.ok) return error(read.status, read.problem);
  const request = read.value;
  const taken = request.recipients.filter((to) => refusalOf(to) === "none");
  const [first] = taken;
  if (first === undefined) return refusalReply(request.recipients[0] ?? "");

  const { answer, stored } = behaviourFor(first);
  const once = onceAnswers[answer];
  if (once !== undefined && context.attempts.isFirst(`${first} ${request.text}`)) return once;
  if (!stored) return answers[answer](context, []);
  // Other numbers whose message would not be stored are missing from the answer.
  const kept = taken.filter((to) => behaviourFor(to).stored);
  const accepted = kept.map((to) => context.state.accept(submissionOf(context, request), to));
  if (isHeld(context, request)) return success(null, scheduled);
  return request.recipients.length === 1
    ? answers[answer](context, accepted)
    : listAnswer(context, request, accepted);
}

/** A scheduled time works for several numbers; for a single one it depends on the installation. */
function isHeld({ variant, clock }: TonkraContext, { recipients, scheduledAt = 0 }: SendRequest): boolean {
  return scheduledAt > clock.now() && (recipients.length > 1 || variant.singleSchedule === "held");
}

function submissionOf(context: TonkraContext, request: SendRequest): Submission {
  const { from, text, type, scheduledAt = 0 } = request;
  const now = context.clock.now();
  return { from, text, type, startsAt: isHeld(context, request) ? scheduledAt : now };
}

/**
 * Numbers that are left out are mentioned in `message`. The first number may still decide how the request
 * ends.
 */
function listAnswer(
  context: TonkraContext,
  { recipients }: SendRequest,
  accepted: readonly Message[],
): SandboxReply {
  const problems = recipients.flatMap((to) => {
    const refusal = refusalOf(to);
    return refusal === "none" ? [] : [refusals[refusal].text(to)];
  });
  const { answer } = behaviourFor(accepted[0]?.to ?? "");
  const fault = Object.hasOwn(faults, answer) ? answers[answer](context, accepted) : undefined;
  const rows = accepted.map((message) => listed(context, message));
  return fault ?? messages(context, sendPlaceholder, rows, problems.join(" ") || delivered);
}

const onceAnswers: Partial<Record<TonkraBehaviour["answer"], SandboxReply>> = {
  throttledOnce: tooManyAttempts,
  noUnitsOnce: documented.noUnits,
};

type Answering = (context: TonkraContext, accepted: readonly Message[]) => SandboxReply;

const acceptance: Answering = (context, accepted) =>
  messages(context, sendPlaceholder, firstRow(context, accepted), delivered);

const answers: Readonly<Record<TonkraBehaviour["answer"], Answering>> = {
  accepted: acceptance,
  throttledOnce: acceptance,
  noUnitsOnce: acceptance,
  unsuccessful: () => error(200, "The request could not be processed."),
  gatewayError: () => error(403, "Failed"),
  sloppy: (context, accepted) =>
    rawJson(sloppyBody({ status: "success", message: delivered, data: firstRow(context, accepted) })),
  placeholder: () => rawJson(literalBody(sendPlaceholder)),
  list: (context, accepted) =>
    success(
      accepted.map((message) => listed(context, message)),
      delivered,
    ),
  serverError: () => faults.serverError,
  html: () => faults.html,
  hang: () => faults.hang,
  reset: () => faults.reset,
};

function firstRow(context: TonkraContext, [message]: readonly Message[]) {
  return message && sent(context, message);
}

const refusals: Readonly<Record<Refusal, { status: number; text: (to: string) => string }>> = {
  noCoverage: { status: 403, text: numberProblems.noCoverage },
  invalidNumber: { status: 403, text: numberProblems.invalidNumber },
  blacklisted: { status: 403, text: numberProblems.blacklisted },
  sender: { status: 403, text: numberProblems.sender },
  spam: { status: 404, text: () => "Your message contains spam words." },
  inactivePlan: { status: 404, text: () => "Your subscription is not active." },
};

function refusalReply(to: string): SandboxReply {
  const refusal = refusalOf(to);
  const { status, text } = refusals[refusal === "none" ? "invalidNumber" : refusal];
  return error(status, text(to));
}

/** International format as in the documented examples: digits only, no plus sign. */
function refusalOf(to: string): Refusal | "none" {
  return /^[1-9]\d{7,14}$/.test(to) ? behaviourFor(to).refusal : "invalidNumber";
}
