import type { Random } from "../random.ts";
import { countParts } from "../../wire/parts.ts";
import type { MessageFacts, PartFacts } from "../../wire/tikosms/rows.ts";
import { networkOf, priceText, type Network } from "./networks.ts";

export interface Recipient {
  to: string;
  clientRef: string | null;
  callbackUrl: string | null;
}

/** A send request, parsed and checked. */
export interface Submission {
  from: string;
  text: string;
  recipients: readonly Recipient[];
  /** Milliseconds since the epoch; a past time means now. */
  startsAt: number;
}

/** Created by each accepted request, also for a single message. */
export interface Campaign {
  id: string;
  from: string;
  text: string;
  dataCoding: number;
  /** Distinct numbers submitted, refused ones included: only the look-up shows which are missing. */
  recipients: number;
  createdAt: number;
  updatedAt: number;
  startsAt: number;
  messages: readonly Message[];
}

export interface Message extends Recipient {
  id: string;
  network: Network;
  parts: PartFacts[];
}

/** A message as the vendor's bodies show it. */
export const factsOf = (campaign: Campaign, message: Message): MessageFacts => ({
  ...message,
  campaignId: campaign.id,
  from: campaign.from,
  text: campaign.text,
  dataCoding: campaign.dataCoding,
  price: priceText(message.network),
  sentAt: campaign.startsAt,
});

interface Acceptance {
  submission: Submission;
  /** The recipients that are not refused. */
  recipients: readonly Recipient[];
  now: number;
}

export interface TikosmsState {
  accept(acceptance: Acceptance): Campaign;
  campaign(id: string): Campaign | undefined;
  /** A message with its campaign. */
  message(id: string): { campaign: Campaign; message: Message } | undefined;
  /** Oldest first. */
  campaigns(): Iterable<Campaign>;
  /** In ten-thousandths of a euro. */
  balance(): { amount: number; updatedAt: number };
  /** Makes the account prepaid with this amount. When it is used up, messages are refused. */
  prepay(amount: number): void;
  /** Whether a prepaid account is used up. */
  isEmpty(): boolean;
}

/** The balance in the vendor's example. */
const openingBalance = 6_349_288;

/**
 * The sandbox's memory. Beyond `maxMessages`, the oldest campaigns are dropped; the newest one always stays.
 */
export function createState(random: Random, startedAt: number, maxMessages: number): TikosmsState {
  const campaigns = new Map<string, Campaign>();
  const messages = new Map<string, { campaign: Campaign; message: Message }>();
  let balance = { amount: openingBalance, updatedAt: startedAt };
  let isPrepaid = false;

  // One iterator is kept: a new one would have to skip all deleted entries.
  const oldestFirst = campaigns.values();

  function forgetOldest(): void {
    while (messages.size > maxMessages && campaigns.size > 1) {
      const { value: oldest } = oldestFirst.next();
      if (oldest === undefined) return;
      campaigns.delete(oldest.id);
      for (const message of oldest.messages) messages.delete(message.id);
    }
  }

  return {
    accept(acceptance) {
      const campaign = createCampaign(acceptance, random);
      campaigns.set(campaign.id, campaign);
      for (const message of campaign.messages) messages.set(message.id, { campaign, message });
      balance = { amount: balance.amount - costOf(campaign), updatedAt: acceptance.now };
      forgetOldest();
      return campaign;
    },
    campaign: (id) => campaigns.get(id),
    message: (id) => messages.get(id),
    campaigns: () => campaigns.values(),
    balance: () => balance,
    prepay(amount) {
      isPrepaid = true;
      balance = { ...balance, amount };
    },
    isEmpty: () => isPrepaid && balance.amount <= 0,
  };
}

function createCampaign({ submission, recipients, now }: Acceptance, random: Random): Campaign {
  const { dataCoding, parts } = countParts(submission.text);
  return {
    id: random.uuid(),
    from: submission.from,
    text: submission.text,
    dataCoding,
    recipients: submission.recipients.length,
    createdAt: now,
    updatedAt: now,
    startsAt: Math.max(submission.startsAt, now),
    messages: recipients.map((recipient) => ({
      ...recipient,
      id: random.uuid(),
      network: networkOf(recipient.to),
      parts: Array.from({ length: parts }, acceptedPart),
    })),
  };
}

function acceptedPart(): PartFacts {
  return { status: "SENT", deliveredAt: null };
}

function costOf({ messages }: Campaign): number {
  return messages.reduce((sum, { network, parts }) => sum + network.price * parts.length, 0);
}
