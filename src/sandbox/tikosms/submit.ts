import type { WireAnswer } from "../../wire/exchange.ts";
import { tooManyAttempts } from "../../wire/laravel.ts";
import { accepted, acceptedMany, invalid, refusals, unsuccessful } from "../../wire/tikosms/answers.ts";
import {
  bulkRequest,
  internationalNumber,
  isCallbackUrl,
  read,
  singleRequest,
  withoutDuplicates,
} from "../../wire/tikosms/requests.ts";
import { faults } from "../faults.ts";
import type { SandboxReply } from "../http-server.ts";
import type { TikosmsBehaviour } from "./behaviour.ts";
import type { TikosmsContext } from "./context.ts";
import { behaviourFor } from "./scenarios.ts";
import type { Campaign, Submission } from "./state.ts";

/** `POST message` */
export async function submitSingle(context: TikosmsContext, body: unknown): Promise<SandboxReply> {
  const request = read(singleRequest, body);
  if (!request.ok) return invalid(request.problem);
  const { from, message: text, to, callback_url: callbackUrl, client_ref: clientRef } = request.value;
  const recipients = [{ to, callbackUrl, clientRef }];
  return submit(context, { from, text, recipients, startsAt: 0 }, (campaign) =>
    accepted(campaign.messages[0]?.id ?? "", campaign.id),
  );
}

/** `POST messages` */
export async function submitBulk(context: TikosmsContext, body: unknown): Promise<SandboxReply> {
  const request = read(bulkRequest, body);
  if (!request.ok) return invalid(request.problem);
  const { from, message: text, scheduled_at: scheduledAt, callback_url: callbackUrl } = request.value;
  const listed = request.value.recipients.map((recipient) => ({
    to: recipient.to,
    clientRef: recipient.client_ref,
    callbackUrl: recipient.callback_url ?? callbackUrl,
  }));
  const recipients = withoutDuplicates(listed);
  // A past time means now. The documentation asks for a future time and does not say what happens otherwise.
  return submit(context, { from, text, recipients, startsAt: scheduledAt ?? 0 }, (campaign) =>
    acceptedMany(campaign.id, campaign.recipients, listed.length - recipients.length),
  );
}

/**
 * Refusals first, then the behaviour of the first recipient's scenario. Other recipients that would be
 * refused or not stored are left out.
 */
async function submit(
  context: TikosmsContext,
  submission: Submission,
  confirmation: (campaign: Campaign) => WireAnswer,
): Promise<SandboxReply> {
  if (submission.recipients.some(({ callbackUrl }) => !isCallbackUrl(callbackUrl))) {
    return refusals.invalidCallbackUrl;
  }
  const [first] = submission.recipients;
  if (first === undefined) throw new Error("a submission without recipients passed validation");
  const recipients = submission.recipients.filter(({ to }) => refusalOf(to) === "none");
  const refusal = refusalOf(first.to);
  if (recipients.length === 0 && refusal !== "none") return refusals[refusal];

  if (context.state.isEmpty()) return unsuccessful(403, "Insufficient balance. Please top up your account.");
  const { answer, stored } = behaviourFor(first.to);
  if (answer === "throttledOnce" && context.attempts.isFirst(first.clientRef ?? first.to))
    return tooManyAttempts;
  if (!stored) return answers[answer](refusals.noMessages);
  const kept = recipients.filter(({ to }) => behaviourFor(to).stored);
  const campaign = context.state.accept({ submission, recipients: kept, now: context.clock.now() });
  const afterwards = await context.delivery.prepare(campaign);
  return { ...answers[answer](confirmation(campaign)), afterwards };
}

const answers: Readonly<Record<TikosmsBehaviour["answer"], (confirmation: WireAnswer) => SandboxReply>> = {
  accepted: (confirmation) => confirmation,
  throttledOnce: (confirmation) => confirmation,
  serverError: () => faults.serverError,
  unsuccessful: () => unsuccessful(200, "The message could not be processed."),
  html: () => faults.html,
  hang: () => faults.hang,
  reset: () => faults.reset,
};

function refusalOf(to: string): TikosmsBehaviour["refusal"] {
  return internationalNumber.test(to) ? behaviourFor(to).refusal : "unknownNumber";
}
