import type { OutboundStatus } from "../../messages/model/status.ts";
import type { KnownMessage } from "../known/messages.ts";

/** A change of a message that may be told. */
export interface Change {
  status: OutboundStatus;
  /** Whether a provider had the message before this change. */
  wasSubmitted: boolean;
  details: KnownMessage["details"];
}

/** What is told of a message, as it is stored. */
export interface StoredReport {
  id: string;
  messageId: string;
  status: OutboundStatus;
  occurredAt: Date;
  part: number;
  parts: number;
}

/** How one vendor tells what becomes of messages. */
export interface ReportForm {
  /** Whether the change is told. */
  tells(change: Change): boolean;
  /** Whether it is told of each part. */
  ofEachPart: boolean;
  userAgent: string;
  body(report: StoredReport, message: KnownMessage, now: Date): { body: string; contentType: string };
  /** Whether the answer ends the repetitions. */
  isTaken(status: number): boolean;
}

/** After these nothing more is told. READ is in no vendor's callbacks. */
const ends: ReadonlySet<OutboundStatus> = new Set([
  "DELIVERED",
  "UNDELIVERED",
  "EXPIRED",
  "REJECTED",
  "FAILED",
  "CANCELLED",
]);

export const isEnd = (status: OutboundStatus): boolean => ends.has(status);
