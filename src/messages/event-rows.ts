import type { DecimalText } from "../providers/provider.ts";
import type { FeedEvent } from "./event-filter.ts";
import type { EventSource, LoggedEvent } from "./event-log.ts";
import type { Rerouting } from "./evolve.ts";
import type { IgnoredReason, MessageStatus } from "./status.ts";

/**
 * What `eventColumns` selects, as PostgreSQL sends it (a `raw` statement): of events by the thousand, finding each value's
 * name and parser would be most of the work.
 */
export type EventRow = [
  id: string,
  tx: string,
  accountId: string,
  messageId: string,
  providerId: string | null,
  version: string,
  status: MessageStatus,
  providerStatus: string | null,
  source: EventSource,
  applied: Flag,
  ignoredReason: IgnoredReason | null,
  occurredAt: string,
  receivedAt: string,
  part: string,
  parts: string,
  detail: string | null,
  providerMessageId: string | null,
  providerBatchId: string | null,
  failureCode: string | null,
  failureText: string | null,
  failurePermanent: Flag | null,
  mccmnc: string | null,
  cost: DecimalText | null,
  messageCost: DecimalText | null,
  rerouted: string | null,
  costCurrency: string | null,
];

export type Flag = "t" | "f";

/** In the order of `EventRow`. Times are seconds, which a number is read from faster than a date. */
export const eventColumns = `
  e.id, e.tx, e.account_id, e.message_id, e.provider_id, e.version, e.status, e.provider_status, e.source, e.applied,
  e.ignored_reason, date_part('epoch', e.occurred_at), date_part('epoch', e.received_at), e.part, e.parts, e.detail,
  e.provider_message_id, e.provider_batch_id, e.failure_code, e.failure_text, e.failure_permanent, e.mccmnc, e.cost,
  e.message_cost, e.rerouted, e.cost_currency`;

/** @param row may have more columns behind those of the event */
export function toEvent(row: Readonly<[...EventRow, ...unknown[]]>): LoggedEvent {
  return {
    id: BigInt(row[0]),
    tx: BigInt(row[1]),
    accountId: row[2],
    messageId: row[3],
    providerId: row[4],
    version: Number(row[5]),
    status: row[6],
    providerStatus: row[7],
    source: row[8],
    applied: row[9] === "t",
    ignoredReason: row[10],
    occurredAt: toDate(row[11]),
    receivedAt: toDate(row[12]),
    part: Number(row[13]),
    parts: Number(row[14]),
    detail: row[15],
    providerMessageId: row[16],
    providerBatchId: row[17],
    failureCode: row[18],
    failureText: row[19],
    failurePermanent: row[20] === null ? null : row[20] === "t",
    mccmnc: row[21],
    cost: row[22],
    messageCost: row[23],
    rerouted: row[24] === null ? null : (JSON.parse(row[24]) as Rerouting),
    costCurrency: row[25],
  };
}

/** Stored to the millisecond. */
const toDate = (seconds: string): Date => new Date(Math.round(Number(seconds) * 1000));

/** An event with what `factColumns` selects. */
export type FeedRow = [
  ...event: EventRow,
  campaignId: string | null,
  clientRef: string | null,
  country: string | null,
];

/** In the order of `FeedRow`, after an event's. */
export const factColumns = "m.campaign_id, m.client_ref, m.country";

/** @param row may have more columns behind these */
export const toFeedEvent = (row: Readonly<[...FeedRow, ...unknown[]]>): FeedEvent => ({
  ...toEvent(row),
  campaignId: row[26],
  clientRef: row[27],
  country: row[28],
});
