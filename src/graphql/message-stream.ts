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

/**
 * The message as it is, then after every change, each version once. The states after the first are folded from
 * the events, so no change costs a statement, and none is skipped however fast they come.
 */
export async function* watchMessage(
  { feed, database }: Pick<Context, "feed" | "database">,
  target: { accountId: string; messageId: string; shownId: string },
  signal: AbortSignal,
): AsyncGenerator<MessageShape> {
  const { accountId, messageId, shownId } = target;
  let cursor = feed.position;
  const row = await database.prisma.message.findUnique({ where: { id: messageId, accountId } });
  if (!row) throw new NotFoundError("message", shownId);
  let message: Message = row;
  yield { ...message, streamCursor: encodeCursor(cursor) };
  while (!signal.aborted) {
    const batch = await feed.next(cursor, { accountId, messageIds: [messageId] }, signal);
    for (const event of batch.events) {
      if (!event.applied || event.version <= message.version) continue;
      message = applyTo(message, event);
      yield { ...message, streamCursor: encodeCursor(event) };
    }
    cursor = batch.cursor;
  }
}

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
  let cursor = after ?? feed.position;
  if (after && comparePositions(after, feed.position) > 0) await feed.refresh();
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
