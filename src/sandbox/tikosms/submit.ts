import { faults } from "../faults.ts";
import { jsonReply, type SandboxReply } from "../http-server.ts";
import { tooManyAttempts } from "../laravel.ts";
import type { TikosmsBehaviour } from "./behaviour.ts";
import type { TikosmsContext } from "./context.ts";
import { invalid, refusals, unsuccessful } from "./replies.ts";
import { behaviourFor } from "./scenarios.ts";
import type { Campaign, Recipient, Submission } from "./state.ts";
import { bulkRequest, read, singleRequest } from "./validation.ts";

/** `POST message` */
export async function submitSingle(context: TikosmsContext, body: unknown): Promise<SandboxReply> {
  const request = read(singleRequest, body);
  if (!request.ok) return invalid(request.problem);
  const { from, message: text, to, callback_url: callbackUrl, client_ref: clientRef } = request.value;
  const recipients = [{ to, callbackUrl, clientRef }];
  return submit(context, { from, text, recipients, startsAt: 0 }, (campaign) => ({
    success: true,
    message_id: campaign.messages[0]?.id,
    campaign_id: campaign.id,
  }));
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
  return submit(context, { from, text, recipients, startsAt: scheduledAt ?? 0 }, (campaign) => ({
    success: true,
    campaign_id: campaign.id,
    recipients: campaign.recipients,
    duplicates_removed: listed.length - recipients.length,
  }));
}

/**
 * Refusals first, then the behaviour of the first recipient's scenario. Other recipients that would be
 * refused or not stored are left out.
 */
async function submit(
  context: TikosmsContext,
  submission: Submission,
  confirmation: (campaign: Campaign) => object,
): Promise<SandboxReply> {
  if (submission.recipients.some(({ callbackUrl }) => !isCallbackUrl(callbackUrl))) {
    return unsuccessful(422, "Invalid callback URL provided");
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
  if (!stored) return answers[answer]({});
  const kept = recipients.filter(({ to }) => behaviourFor(to).stored);
  const campaign = context.state.accept({ submission, recipients: kept, now: context.clock.now() });
  const afterwards = await context.delivery.prepare(campaign);
  return { ...answers[answer](confirmation(campaign)), afterwards };
}

const answers: Readonly<Record<TikosmsBehaviour["answer"], (confirmation: object) => SandboxReply>> = {
  accepted: (confirmation) => jsonReply(200, confirmation),
  throttledOnce: (confirmation) => jsonReply(200, confirmation),
  serverError: () => faults.serverError,
  unsuccessful: () => unsuccessful(200, "The message could not be processed."),
  html: () => faults.html,
  hang: () => faults.hang,
  reset: () => faults.reset,
};

/** International format as in the documented examples: digits only, no plus sign. */
const internationalNumber = /^[1-9]\d{7,14}$/;

function refusalOf(to: string): TikosmsBehaviour["refusal"] {
  return internationalNumber.test(to) ? behaviourFor(to).refusal : "unknownNumber";
}

function withoutDuplicates(recipients: readonly Recipient[]): Recipient[] {
  const seen = new Set<string>();
  return recipients.filter(({ to }) => !seen.has(to) && seen.add(to));
}

function isCallbackUrl(text: string | null): boolean {
  if (text === null) return true;
  const protocol = URL.parse(text)?.protocol;
  return protocol === "http:" || protocol === "https:";
}
