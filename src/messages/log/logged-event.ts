import type { DecimalText } from "../../lib/money.ts";
import type { StateChange } from "../model/evolve.ts";
import type { EventSource } from "../model/status-change.ts";

/**
 * A position in the event log: behind the event `(tx, id)`. Every process reads only below the oldest
 * transaction that is still open, so once a position has been reached nothing can appear before it.
 */
export interface Position {
  tx: bigint;
  id: bigint;
}

/** An event as it is stored in the log. */
export interface LoggedEvent extends StateChange, Position {
  accountId: string;
  messageId: string;
  providerId: string | null;
  source: EventSource;
  part: number;
  parts: number;
  detail: string | null;
  cost: DecimalText | null;
}

/**
 * What never changes about a message and what readers of the log filter by. The log joins it to its events.
 */
export interface MessageFacts {
  campaignId: string | null;
  clientRef: string | null;
  /** ISO 3166-1 alpha-2. */
  country: string | null;
}

/** An event as readers get it; the facts are null while no reader needs them. */
export type FeedEvent = LoggedEvent & MessageFacts;
