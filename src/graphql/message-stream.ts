import type { Message } from "../database/generated/client.ts";
import { Prisma } from "../database/generated/client.ts";
import { NotFoundError } from "../errors.ts";
import { evolve } from "../messages/evolve.ts";
import type { EventFeed } from "../messages/event-feed.ts";
import {
  comparePositions,
  encodeCursor,
  type EventFilter,
  type LoggedEvent,
  type Position,
} from "../messages/event-log.ts";
import type { Context } from "./context.ts";
import type { MessageShape } from "./message.ts";

/** A message, and a position that was reached before it was read. */
export interface MessageSnapshot {
  message: Message;
  cursor: Position;
}

/** @throws NotFoundError when the account has no such message */
export async function readSnapshot(
  { feed, database }: Pick<Context, "feed" | "database">,
  { accountId, messageId, shownId }: { accountId: string; messageId: string; shownId: string },
): Promise<MessageSnapshot> {
  const cursor = feed.position;
  const message = await database.prisma.message.findUnique({ where: { id: messageId, accountId } });
  if (message) return { message, cursor };
  throw new NotFoundError("message", shownId);
}

/**
 * The message as it is, then after every change, each version once. The states after the first are folded from
 * the events, so no change costs a statement, and none is skipped however fast they come.
 */
export async function* watchMessage(
  feed: EventFeed,
  { message, cursor }: MessageSnapshot,
  signal: AbortSignal,
): AsyncGenerator<MessageShape> {
  const filter = { accountId: message.accountId, messageIds: [message.id] };
  yield { ...message, streamCursor: encodeCursor(cursor) };
  while (!signal.aborted) {
    const batch = await feed.next(cursor, filter, signal);
    for (const event of batch.events) {
      if (isIncluded(message, event)) continue;
      message = applyTo(message, event);
      if (event.applied) yield { ...message, streamCursor: encodeCursor(event) };
    }
    cursor = batch.cursor;
  }
}

/** The snapshot may be newer than its cursor. An ignored event of its own version is folded again, to no effect. */
const isIncluded = (message: Message, { applied, version }: LoggedEvent): boolean =>
  applied ? version <= message.version : version < message.version;

function applyTo(message: Message, event: LoggedEvent): Message {
  const { cost, ...state } = evolve(message, event);
  return { ...state, cost: cost === null ? null : new Prisma.Decimal(cost.toString()) };
}

/** What `messageEvents` sends. */
export type EventFrame =
  | { kind: "batch"; events: LoggedEvent[]; cursor: string }
  | { kind: "caughtUp"; cursor: string }
  | { kind: "reset"; reason: "AHEAD_OF_LOG"; cursor: string };

/**
 * Every matching event after `after` in log order, then `caughtUp`, then live. Without `after` it starts now.
 * Each frame's cursor is where to go on from.
 */
export async function* watchEvents(
  feed: EventFeed,
  filter: EventFilter,
  after: Position | undefined,
  signal: AbortSignal,
): AsyncGenerator<EventFrame> {
  // "Now" is after everything committed by now, and another process may have read further than this one.
  if (!after || comparePositions(after, feed.position) > 0) await feed.refresh();
  let cursor = after ?? feed.position;
  if (comparePositions(cursor, feed.position) > 0) {
    cursor = feed.position;
    yield { kind: "reset", reason: "AHEAD_OF_LOG", cursor: encodeCursor(cursor) };
  }
  const end = feed.position;
  while (comparePositions(cursor, end) < 0) {
    const page = await feed.replay(cursor, end, filter);
    cursor = page.cursor;
    if (page.events.length > 0) yield { kind: "batch", events: page.events, cursor: encodeCursor(cursor) };
  }
  yield { kind: "caughtUp", cursor: encodeCursor(cursor) };
  while (!signal.aborted) {
    const batch = await feed.next(cursor, filter, signal);
    cursor = batch.cursor;
    yield { kind: "batch", events: batch.events, cursor: encodeCursor(cursor) };
  }
}
