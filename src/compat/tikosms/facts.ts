import { registry } from "../../providers/registry.ts";
import type { OutboundStatus } from "../../messages/model/status.ts";
import type { CampaignFacts, MessageFacts, StatusWord } from "../../wire/tikosms/rows.ts";
import { literalNetwork, pricePerPart } from "../known/facts.ts";
import type { KnownCampaign } from "../known/campaigns.ts";
import type { KnownMessage } from "../known/messages.ts";
import { campaignIdOf } from "../known/ids.ts";
import { digitsOf } from "../frame/send.ts";

export const wordOf = (status: OutboundStatus): StatusWord =>
  registry.TIKOSMS.served.statusWord(status) as StatusWord;

/** A message as TikoSMS shows it. Its parts share one status: it is that of the message. */
export function factsOf(message: KnownMessage): MessageFacts {
  const part = {
    status: wordOf(message.status as OutboundStatus),
    deliveredAt: message.deliveredAt?.getTime() ?? null,
  };
  return {
    id: message.id,
    campaignId: message.campaignId ?? campaignIdOf(message.id),
    from: message.sender,
    to: digitsOf(message.recipient),
    text: message.text,
    dataCoding: message.encoding === "UCS2" ? 8 : 0,
    network: literalNetwork(message.mccmnc),
    price: pricePerPart(message),
    parts: Array.from({ length: message.segments }, () => part),
    sentAt: (message.submittedAt ?? message.scheduledAt ?? message.createdAt).getTime(),
    clientRef: message.clientRef,
    callbackUrl: message.callbackUrl,
  };
}

export const campaignFacts = (campaign: KnownCampaign): CampaignFacts => ({
  id: campaign.id,
  from: campaign.sender,
  text: campaign.text,
  recipients: campaign.total,
  createdAt: campaign.createdAt.getTime(),
  updatedAt: campaign.updatedAt.getTime(),
});

/** The campaign that TikoSMS has for a single message. */
export const campaignOfOne = (message: KnownMessage): CampaignFacts => ({
  id: campaignIdOf(message.id),
  from: message.sender,
  text: message.text,
  recipients: 1,
  createdAt: message.createdAt.getTime(),
  updatedAt: message.updatedAt.getTime(),
});
