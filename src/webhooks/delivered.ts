import type { Position } from "../messages/log/logged-event.ts";

/** Some of what follows a position, and how far that reaches. */
export interface DeliveredPage<Item> {
  kind: "batch";
  events: readonly Item[];
  cursor: Position;
}

/** Reads a log for one webhook. */
export interface DeliveredReader<Item> {
  /** What is new after a position at the end of the log; waits for some. */
  next(after: Position): Promise<DeliveredPage<Item> | { kind: "expired" }>;
  replay(after: Position, until: Position): Promise<DeliveredPage<Item> | { kind: "expired" }>;
}

/** What a webhook delivers: the log that it reads, and how its items become requests. */
export interface Delivered<Item extends Position> {
  /** The end of the log, as far as this process has seen it. */
  readonly position: Position;
  catchUp(signal: AbortSignal): Promise<void>;
  read(signal: AbortSignal): DeliveredReader<Item>;
  /** Items with the same key follow one another; others may be on their way at the same time. */
  keyOf(item: Item): string;
  /** Called as soon as items are known. */
  prepare(items: readonly Item[]): void;
  /** The whole body of a request. */
  body(items: readonly Item[]): Promise<string>;
  /** Called for each attempt; the items are those that it delivered. */
  attempted(kind: "delivered" | "failed" | "gone", items: readonly Item[]): void;
}
