import type { Listener } from "../../database/listener.ts";
import type { EventFilter } from "./event-filter.ts";
import type { Expired } from "./event-log.ts";
import type { FeedEvent, LoggedEvent, Position } from "./logged-event.ts";

/** Stored events, both ends settled: those after `after` and up to `until`. */
export interface Range {
  after: Position;
  until: Position;
}

export interface Page {
  kind: "events";
  events: LoggedEvent[];
}

/** What a source gives its events to. */
export interface FeedTaker {
  /**
   * The next events in log order, each once. With them everything up to `position` has been handed out that a watched
   * filter wants; events that nobody wants may be among them, or not.
   */
  take(events: FeedEvent[], position: Position): void;
  /** Words of events up to this position were erased: copies of them are not to be handed out any more. */
  forget(until: Position): void;
  /** Messages have changed. A hint only: it may come late, early, or not at all. */
  hint(): void;
}

/** Where the events of a feed come from. Nothing but the feed knows which source it is. */
export interface FeedSource {
  /** Starts at the end of the log, which is the result, and keeps `taker` supplied. */
  open(listener: Listener, taker: FeedTaker): Promise<Position>;
  /**
   * Resolves when everything that was settled at the time of the call has been handed out; false when the log cannot
   * be read.
   */
  refresh(): Promise<boolean>;
  /** From now on the events of this filter are wanted, too. */
  watch(filter: EventFilter): void;
  unwatch(filter: EventFilter): void;
  /** The position after which all that the filter wants has been handed out, with what the filter looks at. */
  completeSince(filter: EventFilter): Position;
  /** At most `limit` stored events that match. Waits while the log cannot be read. */
  readPage(range: Range, filter: EventFilter, limit: number): Promise<Page | Expired>;
  close(): void;
}
