import { toDate, type Flag } from "../../database/raw-row.ts";
import type { Rerouting } from "../model/evolve.ts";
import type { IgnoredReason, MessageStatus } from "../model/status.ts";
import type { EventSource } from "../model/status-change.ts";
import type { DecimalText } from "../../lib/money.ts";
import type { LoggedEvent, FeedEvent, MessageFacts } from "./logged-event.ts";

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

/** In the order of `EventRow`. Times are seconds, which a number is read from faster than a date. */
export const eventColumns = `
  e.id, e.tx, e.account_id, e.message_id, e.provider_id, e.version, e.status, e.provider_status, e.source, e.applied,
  e.ignored_reason, date_part('epoch', e.occurred_at), date_part('epoch', e.received_at), e.part, e.parts, e.detail,
  e.provider_message_id, e.provider_batch_id, e.failure_code, e.failure_text, e.failure_permanent, e.mccmnc, e.cost,
  e.message_cost, e.rerouted, e.cost_currency`;

/**
 * What the rows before had in each column. The events of a campaign repeat one another's values: taken from there, each is
 * parsed once, and kept in memory once.
 */
class Before {
  readonly #texts: unknown[] = [];
  readonly #values: unknown[] = [];

  same<Text extends string | null>(column: number, text: Text): Text {
    if (this.#texts[column] === text) return this.#texts[column] as Text;
    this.#texts[column] = text;
    return text;
  }

  parsed<Value>(column: number, text: string, parse: (text: string) => Value): Value {
    if (this.#texts[column] === text) return this.#values[column] as Value;
    this.#texts[column] = text;
    const value = parse(text);
    this.#values[column] = value;
    return value;
  }
}

/** @param rows may have more columns behind those of the event */
export function toEvents(rows: readonly Readonly<[...EventRow, ...unknown[]]>[]): LoggedEvent[] {
  const before = new Before();
  return rows.map((row) => toEvent(row, before));
}

function toEvent(row: Readonly<[...EventRow, ...unknown[]]>, before: Before): LoggedEvent {
  return {
    id: BigInt(row[0]),
    tx: before.parsed(1, row[1], BigInt),
    accountId: before.same(2, row[2]),
    messageId: row[3],
    providerId: before.same(4, row[4]),
    version: Number(row[5]),
    status: before.same(6, row[6]),
    providerStatus: before.same(7, row[7]),
    source: before.same(8, row[8]),
    applied: row[9] === "t",
    ignoredReason: row[10],
    occurredAt: before.parsed(11, row[11], toDate),
    receivedAt: before.parsed(12, row[12], toDate),
    part: Number(row[13]),
    parts: Number(row[14]),
    detail: row[15],
    providerMessageId: row[16],
    providerBatchId: before.same(17, row[17]),
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

/** An event with what `factColumns` selects. */
export type FeedRow = [
  ...event: EventRow,
  campaignId: string | null,
  clientRef: string | null,
  country: string | null,
];

/** In the order of `FeedRow`, after an event's. */
export const factColumns = "m.campaign_id, m.client_ref, m.country";

/** @param rows may have more columns behind these */
export function toFeedEvents(rows: readonly Readonly<[...FeedRow, ...unknown[]]>[]): FeedEvent[] {
  const before = new Before();
  return rows.map((row) => {
    // Not a copy of the event: they come by the ten thousand.
    const event: LoggedEvent & Partial<MessageFacts> = toEvent(row, before);
    event.campaignId = before.same(26, row[26]);
    event.clientRef = row[27];
    event.country = before.same(28, row[28]);
    return event as FeedEvent;
  });
}
