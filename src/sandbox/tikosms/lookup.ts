import type { SandboxReply } from "../http-server.ts";
import { balance, campaigns, invalid, messages, rate, refusals } from "../../wire/tikosms/answers.ts";
import { campaignQuery, messageQuery, rateQuery, read } from "../../wire/tikosms/requests.ts";
import type { TikosmsContext } from "./context.ts";
import { findNetwork, pricePerEuro, priceText } from "./networks.ts";
import { factsOf } from "./state.ts";

/**
 * The documentation has no pages; this limit keeps the answer bounded to the newest campaigns, some 3 MB of them. Five
 * minutes of torture make two thousand.
 */
const maxCampaignsListed = 10_000;

/** `GET get_message` */
export function lookUpMessages({ state, clock }: TikosmsContext, input: unknown): SandboxReply {
  const query = read(messageQuery, input);
  if (!query.ok) return invalid(query.problem);
  const { message_id: messageId, campaign_id: campaignId } = query.value;
  const found = messageId === null ? undefined : state.message(messageId);
  const campaign = messageId === null ? state.campaign(campaignId ?? "") : found?.campaign;
  const contradicting = campaignId !== null && campaign?.id !== campaignId;
  // Before its time a scheduled campaign has no messages: the documentation has no status for them.
  if (campaign === undefined || contradicting || campaign.startsAt > clock.now()) {
    return refusals.noMessages;
  }
  const listed = found === undefined ? campaign.messages : [found.message];
  return messages(listed.map((message) => factsOf(campaign, message)));
}

/** `GET get_messages` */
export function listCampaigns({ state }: TikosmsContext, input: unknown): SandboxReply {
  const query = read(campaignQuery, input);
  if (!query.ok) return invalid(query.problem);
  const { campaign_id: campaignId } = query.value;
  if (campaignId === null) {
    const newest = [...state.campaigns()].toReversed().slice(0, maxCampaignsListed);
    return campaigns(newest);
  }
  const campaign = state.campaign(campaignId);
  if (campaign === undefined) return refusals.noCampaign;
  return campaigns([campaign]);
}

/**
 * `GET balance`. The documentation has no refusal for missing credit, so unless prepaid the balance may
 * become negative.
 */
export function showBalance({ state }: TikosmsContext): SandboxReply {
  const { amount, updatedAt } = state.balance();
  return balance({ updatedAt, currency: "EUR", amount: amount / pricePerEuro, creditLimit: 1000 });
}

/** `GET sms-rates` */
export function showRate(_context: TikosmsContext, input: unknown): SandboxReply {
  const query = read(rateQuery, input);
  if (!query.ok) return invalid(query.problem);
  const network = findNetwork(query.value.mccmnc, query.value.country ?? undefined);
  if (network === undefined) return refusals.noSmsRate;
  return rate({ ...network, price: priceText(network) });
}
