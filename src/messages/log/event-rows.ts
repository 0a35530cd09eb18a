import { toDate, type Flag } from "../../database/raw-row.ts";
import type { Rerouting } from "../model/evolve.ts";
import type { IgnoredReason, MessageStatus } from "../model/status.ts";
import type { EventSource } from "../model/status-change.ts";
import type { DecimalText } from "../../lib/money.ts";
import type { LoggedEvent, FeedEvent, MessageFacts } from "./logged-event.ts";

/**
 * What `eventColumns` selects, as PostgreSQL sends it (a `raw` statement). With thousands of events, finding
 * each value's name and parser would be most of the work.
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

/** In the order of `EventRow`. Times are in seconds: a number is parsed faster than a date. */
export const eventColumns = `
  e.id, e.tx, e.account_id, e.message_id, e.provider_id, e.version, e.status, e.provider_status, e.source, e.applied,
  e.ignored_reason, date_part('epoch', e.occurred_at), date_part('epoch', e.received_at), e.part, e.parts, e.detail,
  e.provider_message_id, e.provider_batch_id, e.failure_code, e.failure_text, e.failure_permanent, e.mccmnc, e.cost,
  e.message_cost, e.rerouted, e.cost_currency`;

/**
 * Remembers the last value of each column. Events of a campaign repeat one another's values, so each is
 * parsed once and kept in memory once.
 */
class LastValues {
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

/** @param rows may have more columns after those of the event */
export function toEvents(rows: readonly Readonly<[...EventRow, ...unknown[]]>[]): LoggedEvent[] {
  const last = new LastValues();
  return rows.map((row) => toEvent(row, last));
}

function toEvent(row: Readonly<[...EventRow, ...unknown[]]>, last: LastValues): LoggedEvent {
  return {
    id: BigInt(row[0]),
    tx: last.parsed(1, row[1], BigInt),
    accountId: last.same(2, row[2]),
    messageId: row[3],
    providerId: last.same(4, row[4]),
    version: Number(row[5]),
    status: last.same(6, row[6]),
    providerStatus: last.same(7, row[7]),
    source: last.same(8, row[8]),
    applied: row[9] === "t",
    ignoredReason: row[10],
    occurredAt: last.parsed(11, row[11], toDate),
    receivedAt: last.parsed(12, row[12], toDate),
    part: Number(row[13]),
    parts: Number(row[14]),
    detail: row[15],
    providerMessageId: row[16],
    providerBatchId: last.same(17, row[17]),
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

/** An event's columns, followed by `factColumns`. */
export type FeedRow = [
  ...event: EventRow,
  campaignId: string | null,
  clientRef: string | null,
  country: string | null,
];

/** How many columns a `FeedRow` has. */
export const feedColumnCount = 29;

/** The columns that follow an event's in `FeedRow`. */
export const factColumns = "m.campaign_id, m.client_ref, m.country";

/** @param rows may have more columns after these */
export function toFeedEvents(rows: readonly Readonly<[...FeedRow, ...unknown[]]>[]): FeedEvent[] {
  const last = new LastValues();
  return rows.map((row) => {
    // The facts are added to the event itself, without a copy: there are tens of thousands.
    const event: LoggedEvent & Partial<MessageFacts> = toEvent(row, last);
    event.campaignId = last.same(26, row[26]);
    event.clientRef = row[27];
    event.country = last.same(28, row[28]);
    return event as FeedEvent;
  });
}
