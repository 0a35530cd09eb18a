import { pricePerEuro, type Network } from "./networks.ts";
import type { Campaign, Message, Part } from "./state.ts";
import type { StatusWord } from "./behaviour.ts";

/** The vendor's number formats, date formats and bodies, each field as in its documentation. */

const isoText = (time: number) => new Date(time).toISOString();

/** `2025-08-06 15:32:18`, without a zone; the sandbox writes UTC. */
const plainTime = (time: number) => isoText(time).slice(0, 19).replace("T", " ");

/** `2025.07.03 13:34:34`, only for the balance. */
export const dottedTime = (time: number) => plainTime(time).replaceAll("-", ".");

/** `2025-08-06T15:33:45.123`, only in callbacks. */
const timestamp = (time: number) => isoText(time).slice(0, 23);

/** `2025-08-11T13:12:34.000000Z`, only for campaigns: stored in seconds, written in microseconds. */
const microsecondTime = (time: number) => `${isoText(time).slice(0, 19)}.000000Z`;

const sixDigits = ({ mcc, mnc }: Network) => mcc + mnc;

/** Look-ups write the network code as short as possible: `25501`. */
const fiveDigits = ({ mcc, mnc }: Network) => mcc + String(Number(mnc)).padStart(2, "0");

export function campaignRow(campaign: Campaign) {
  return {
    campaign_id: campaign.id,
    sender: campaign.from,
    message: campaign.text,
    recipients: campaign.recipients,
    created_at: microsecondTime(campaign.createdAt),
    updated_at: microsecondTime(campaign.updatedAt),
  };
}

export function messageRows(campaign: Campaign, message: Message) {
  return message.parts.map((part, index) => ({
    message_id: message.id,
    campaign_id: campaign.id,
    to: message.to,
    message: campaign.text,
    from: campaign.from,
    sender_type: "Alpha",
    status: part.status,
    data_coding: campaign.dataCoding,
    mccmnc: fiveDigits(message.network),
    cost: (message.network.price / pricePerEuro).toFixed(3),
    part: index + 1,
    total_parts: message.parts.length,
    sent_at: plainTime(campaign.startsAt),
    delivered_at: deliveredAt(part),
    client_ref: message.clientRef,
    callback_url: message.callbackUrl,
  }));
}

export function rateRow(network: Network) {
  return {
    mcc: network.mcc,
    mnc: network.mnc,
    mccmnc: sixDigits(network),
    country: network.country,
    rate: (network.price / pricePerEuro).toFixed(6),
    rate_start_date: "2025-08-01 00:00:00",
    rate_end_date: "2100-01-01 00:00:00",
  };
}

/** One part of a message, as in its callbacks. */
interface PartReport {
  campaign: Campaign;
  message: Message;
  /** Counted from 1. */
  part: number;
  status: StatusWord;
}

export function createCallback(report: PartReport): object {
  return {
    create: {
      ...reportHead(report),
      sent_at: plainTime(report.campaign.startsAt),
      ...reportTail(report),
    },
  };
}

export function updateCallback(report: PartReport, now: number): object {
  return {
    update: {
      ...reportHead(report),
      delivered_at: report.status === "DELIVRD" ? plainTime(now) : null,
      ...reportTail(report),
      timestamp: timestamp(now),
    },
  };
}

/** As in the documentation: no comma after `sent_at`, one too many after `total_parts`. */
export function printLiterally(callback: object): string {
  return JSON.stringify(callback, undefined, 1)
    .replace(/^ +/gm, "")
    .replace(/^("sent_at": ".*"),$/m, "$1")
    .replace(/^("total_parts": \d+)$/m, "$1,");
}

function reportHead({ campaign, message, status }: PartReport) {
  return { message_id: message.id, from: campaign.from, to: message.to, status };
}

function reportTail({ message, part }: PartReport) {
  return {
    callback_url: message.callbackUrl,
    client_ref: message.clientRef,
    mccmnc: sixDigits(message.network),
    cost: message.network.price / pricePerEuro,
    part,
    total_parts: message.parts.length,
  };
}

function deliveredAt(part: Part): string | null {
  return part.deliveredAt === null ? null : plainTime(part.deliveredAt);
}
