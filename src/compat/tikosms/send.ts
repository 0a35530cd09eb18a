import { setImmediate as nextTurn } from "node:timers/promises";
import type { Viewer } from "../../access/api-keys.ts";
import { createCampaign } from "../../campaigns/intake/create.ts";
import type { RecipientInput } from "../../campaigns/intake/recipients.ts";
import { clipped, InvalidInputError } from "../../lib/errors.ts";
import { accepted, acceptedMany, invalid, refusals } from "../../wire/tikosms/answers.ts";
import { bulkRequest, isCallbackUrl, read, singleRequest } from "../../wire/tikosms/requests.ts";
import type { WireAnswer } from "../../wire/exchange.ts";
import type { ServedCall } from "../frame/call.ts";
import { callbackUrls } from "../frame/callbacks.ts";
import { international, sendAll } from "../frame/send.ts";
import { findCampaign, literalText } from "../known/campaigns.ts";
import { campaignIdOf } from "../known/ids.ts";
import { refusalOf } from "./errors.ts";

async function isRefused(call: ServedCall, url: string | null): Promise<boolean> {
  return url !== null && !(isCallbackUrl(url) && (await callbackUrls.allows(url, call.services)));
}

/** `POST message` */
export async function sendOne(call: ServedCall, viewer: Viewer, body: unknown): Promise<WireAnswer> {
  const request = read(singleRequest, body);
  if (!request.ok) return invalid(request.problem);
  const { from, message: text, to, client_ref: clientRef } = request.value;
  const callbackUrl = request.value.callback_url ?? viewer.callbackUrl ?? null;
  if (await isRefused(call, request.value.callback_url)) return refusals.invalidCallbackUrl;
  call.admitSends(viewer, 1);
  // Its id is ours, so nothing has to be known of it unless its receipts are posted.
  const served = callbackUrl === null ? undefined : ({ api: "TIKOSMS", callbackUrl } as const);
  const { idempotencyKey } = call;
  const input = { to: international(to), text, from, clientRef, idempotencyKey, served };
  const [sent] = await sendAll(call.services, viewer, [input]);
  if (sent?.kind !== "accepted") return refusalOf(sent?.error ?? unanswered());
  return accepted(sent.messageId, campaignIdOf(sent.messageId));
}

const unanswered = (): never => {
  throw new Error("A message has no outcome");
};

/** Each may have to be resolved, one after the other. */
const maxOrigins = 100;

/** @throws InvalidInputError */
function checkOrigins(urls: Iterable<string | null>): void {
  const origins = new Set(Array.from(urls, (url) => (url === null ? "" : URL.parse(url)?.origin)));
  if (origins.size <= maxOrigins) return;
  const problem = `The callback URLs of one request may have ${maxOrigins} origins.`;
  throw new InvalidInputError("callback_url", problem);
}

/** `POST messages` */
export async function sendMany(call: ServedCall, viewer: Viewer, body: unknown): Promise<WireAnswer> {
  const request = read(bulkRequest, body);
  if (!request.ok) return invalid(request.problem);
  const { from, message, scheduled_at: scheduledAt, recipients: given } = request.value;
  const common = request.value.callback_url;
  const own = new Set([common, ...given.map(({ callback_url: url }) => url)]);
  checkOrigins(own);
  // Reading 100,000 recipients took a while.
  await nextTurn();
  for (const url of own) if (await isRefused(call, url)) return refusals.invalidCallbackUrl;
  const { services } = call;
  await services.quotas.require("CAMPAIGNS", viewer.accountId);
  const recipients = given.map(({ to, client_ref: clientRef, callback_url: url }): RecipientInput => ({
    to: international(to),
    clientRef,
    ...(url !== null && { callbackUrl: url }),
  }));
  const now = services.clock.now();
  const outcome = await createCampaign({ ...services, within: viewer.restrictions }, viewer.accountId, {
    name: `TikoSMS: ${clipped(message.trim(), 60)}`,
    from,
    text: literalText(message),
    recipients,
    // A past time means now. The documentation asks for a future time and does not say what happens otherwise.
    scheduledAt: scheduledAt !== null && scheduledAt > now.getTime() ? new Date(scheduledAt) : null,
    idempotencyKey: call.idempotencyKey,
    served: { api: "TIKOSMS", callbackUrl: common ?? viewer.callbackUrl ?? null },
  });
  if (!("campaignId" in outcome)) throw new Error("A campaign was only previewed");
  const campaign = await findCampaign(services.database, viewer.accountId, outcome.campaignId);
  return acceptedMany(outcome.campaignId, campaign?.total ?? 0, campaign?.duplicatesRemoved ?? 0);
}
