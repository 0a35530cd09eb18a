/** The vendor's number formats, date formats and bodies, each field as in its documentation. */

/** The words of the vendor's status table. */
export type StatusWord = "SENT" | "DELIVRD" | "UNDELIV" | "EXPIRED" | "REJECTD" | "UNKNOWN";

export interface NetworkFacts {
  mcc: string;
  mnc: string;
}

export interface CampaignFacts {
  id: string;
  from: string;
  text: string;
  recipients: number;
  createdAt: number;
  updatedAt: number;
}

export interface PartFacts {
  status: StatusWord;
  deliveredAt: number | null;
}

export interface MessageFacts {
  id: string;
  campaignId: string;
  from: string;
  to: string;
  text: string;
  dataCoding: number;
  /** Undefined when it is not known. */
  network: NetworkFacts | undefined;
  /** Of one part, as a decimal number; undefined when it is not known. */
  price: string | undefined;
  parts: readonly PartFacts[];
  sentAt: number;
  clientRef: string | null;
  callbackUrl: string | null;
}

const isoText = (time: number) => new Date(time).toISOString();

/** `2025-08-06 15:32:18`, without a zone, in UTC. */
export const plainTime = (time: number) => isoText(time).slice(0, 19).replace("T", " ");

/** `2025.07.03 13:34:34`, only for the balance. */
const dottedTime = (time: number) => plainTime(time).replaceAll("-", ".");

/** `2025-08-06T15:33:45.123`, only in callbacks. */
const timestamp = (time: number) => isoText(time).slice(0, 23);

/** `2025-08-11T13:12:34.000000Z`, only for campaigns: stored in seconds, written in microseconds. */
const microsecondTime = (time: number) => `${isoText(time).slice(0, 19)}.000000Z`;

const sixDigits = ({ mcc, mnc }: NetworkFacts) => mcc + mnc.padStart(3, "0");

/** Look-ups write the network code as short as possible: `25501`. */
const fiveDigits = ({ mcc, mnc }: NetworkFacts) => mcc + String(Number(mnc)).padStart(2, "0");

/** A decimal number with at least so many places: `0.050`. */
function decimal(price: string, places: number): string {
  const [whole = "0", fraction = ""] = price.split(".");
  return `${whole}.${fraction.replace(/0+$/, "").padEnd(places, "0")}`;
}

export interface BalanceFacts {
  updatedAt: number;
  currency: string;
  amount: number;
  creditLimit: number;
}

export const balanceBody = ({ updatedAt, currency, amount, creditLimit }: BalanceFacts) => ({
  balance_updated: dottedTime(updatedAt),
  currency_code: currency,
  balance: amount,
  in_credit_limit: creditLimit,
});

export const campaignRow = (campaign: CampaignFacts) => ({
  campaign_id: campaign.id,
  sender: campaign.from,
  message: campaign.text,
  recipients: campaign.recipients,
  created_at: microsecondTime(campaign.createdAt),
  updated_at: microsecondTime(campaign.updatedAt),
});

/** One row for each part. */
export function messageRows(message: MessageFacts) {
  const { network, price, parts } = message;
  return parts.map(({ status, deliveredAt }, index) => ({
    message_id: message.id,
    campaign_id: message.campaignId,
    to: message.to,
    message: message.text,
    from: message.from,
    sender_type: "Alpha",
    status,
    data_coding: message.dataCoding,
    mccmnc: network === undefined ? null : fiveDigits(network),
    cost: price === undefined ? null : decimal(price, 3),
    part: index + 1,
    total_parts: parts.length,
    sent_at: plainTime(message.sentAt),
    delivered_at: deliveredAt === null ? null : plainTime(deliveredAt),
    client_ref: message.clientRef,
    callback_url: message.callbackUrl,
  }));
}

export interface RateFacts extends NetworkFacts {
  country: string;
  price: string;
  /** Without them, as in the documentation's example. */
  from?: number | undefined;
  until?: number | undefined;
}

const firstRate = Date.UTC(2025, 7, 1);
const lastRate = Date.UTC(2100, 0, 1);

export const rateRow = ({ mcc, mnc, country, price, from = firstRate, until = lastRate }: RateFacts) => ({
  mcc,
  mnc: mnc.padStart(3, "0"),
  mccmnc: sixDigits({ mcc, mnc }),
  country,
  rate: decimal(price, 6),
  rate_start_date: plainTime(from),
  rate_end_date: plainTime(until),
});

/** One part of a message, as in its callbacks. */
export interface PartReport {
  message: Omit<MessageFacts, "parts" | "campaignId" | "text" | "dataCoding">;
  /** Counted from 1. */
  part: number;
  parts: number;
  status: StatusWord;
}

export const createCallback = (report: PartReport) => ({
  create: { ...reportHead(report), sent_at: plainTime(report.message.sentAt), ...reportTail(report) },
});

export const updateCallback = (report: PartReport, now: number) => ({
  update: {
    ...reportHead(report),
    delivered_at: report.status === "DELIVRD" ? plainTime(now) : null,
    ...reportTail(report),
    timestamp: timestamp(now),
  },
});

const reportHead = ({ message: { id, from, to }, status }: PartReport) => ({
  message_id: id,
  from,
  to,
  status,
});

const reportTail = ({ message, part, parts }: PartReport) => ({
  callback_url: message.callbackUrl,
  client_ref: message.clientRef,
  mccmnc: message.network === undefined ? null : sixDigits(message.network),
  cost: message.price === undefined ? null : Number(message.price),
  part,
  total_parts: parts,
});
