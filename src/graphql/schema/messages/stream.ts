import type { Message } from "../../../database/generated/client.ts";
import { Prisma } from "../../../database/generated/client.ts";
import { NotFoundError, StreamBehindError } from "../../../lib/errors.ts";
import { evolve } from "../../../messages/model/evolve.ts";
import type { EventFeed } from "../../../messages/log/event-feed.ts";
import type { EventReader } from "../../../messages/log/event-reader.ts";
import { comparePositions, encodeCursor, type Expired } from "../../../messages/log/event-log.ts";
import type { Context } from "../../context.ts";
import type { MessageShape } from "./message.ts";
import type { TopicListener, EventBatch } from "../../../messages/log/topics.ts";
import type { Taker, Tap } from "../../streams.ts";
import type { LoggedEvent, Position } from "../../../messages/log/logged-event.ts";

/** A message, and a log position from before it was read. */
interface MessageSnapshot {
  message: Message;
  cursor: Position;
}

/** @throws NotFoundError when the account has no such message */
export async function readSnapshot(
  { feed, database }: Pick<Context, "feed" | "database">,
  { accountId, messageId }: { accountId: string; messageId: string },
): Promise<MessageSnapshot> {
  const cursor = feed.position;
  const message = await database.prisma.message.findUnique({ where: { id: messageId, accountId } });
  if (message) return { message, cursor };
  throw new NotFoundError("Message", messageId);
}

/**
 * The message in its present state, then after every change, each version once. Later states are computed
 * from the events, so a change needs no statement, and no version is skipped.
 * @throws StreamBehindError when the log was cleared while the reader stood still
 */
export async function* watchMessage(
  feed: EventFeed,
  { message, cursor }: MessageSnapshot,
  signal: AbortSignal,
): AsyncGenerator<MessageShape> {
  const reader = feed.read({ accountId: message.accountId, messageIds: [message.id] }, signal);
  yield { ...message, streamCursor: encodeCursor(cursor) };
  while (!signal.aborted) {
    const batch = await reader.next(cursor);
    if (batch.kind === "expired") throw new StreamBehindError();
    for (const event of batch.events) {
      if (isIncluded(message, event)) continue;
      const shape = stateAfter(event, message);
      message = shape;
      if (event.applied) yield shape;
    }
    ({ cursor } = batch);
  }
}

/**
 * The snapshot may be newer than its cursor. Folding an ignored event of the same version again changes
 * nothing.
 */
const isIncluded = (message: Message, { applied, version }: LoggedEvent): boolean =>
  applied ? version <= message.version : version < message.version;

const states = new WeakMap<LoggedEvent, MessageShape>();

/** The state after an event, as one object for all watchers, so that it is serialised only once. */
function stateAfter(event: LoggedEvent, before: Message): MessageShape {
  const known = states.get(event);
  if (known) return known;
  const { cost, ...state } = evolve(before, event);
  const exactCost = cost === null ? null : new Prisma.Decimal(cost.toString());
  const shape = { ...state, cost: exactCost, streamCursor: encodeCursor(event) };
  states.set(event, shape);
  return shape;
}

/** A frame of `messageEvents`. */
export type EventFrame =
  | EventBatch
  | { kind: "caughtUp"; cursor: Position }
  | { kind: "reset"; reason: "AHEAD_OF_LOG" | "EXPIRED"; cursor: Position };

/** Where a stream of events starts, and how far it has come. */
export class EventTap implements Tap<EventFrame>, TopicListener {
  cursor: Position | undefined;
  /** Set once the stream has caught up and only waits for new events. */
  #reader: EventReader | undefined;
  #taker: Taker<EventFrame> | undefined;

  constructor(start: Position | undefined) {
    this.cursor = start;
  }

  open(taker: Taker<EventFrame>): boolean {
    this.#taker = taker;
    return this.cursor !== undefined && this.#reader?.listen(this.cursor, this) === true;
  }

  /** The stream has caught up to `cursor`: from there on the tap can listen to the reader itself. */
  caughtUp(reader: EventReader, cursor: Position): void {
    this.#reader = reader;
    this.cursor = cursor;
  }

  close(): void {
    this.#reader?.unlisten();
  }

  deliver(batch: EventBatch): void {
    this.cursor = batch.cursor;
    this.#taker?.take(batch);
  }

  end(): void {
    this.#taker?.end();
  }
}

/**
 * The pages from `start` to the present end of the log. The next page is read while the last one is being
 * sent.
 */
async function* replay(
  feed: EventFeed,
  reader: EventReader,
  start: Position,
): AsyncGenerator<Exclude<EventFrame, { kind: "caughtUp" }>> {
  const end = feed.position;
  const read = (after: Position): Promise<EventBatch | Expired> | undefined => {
    if (comparePositions(after, end) >= 0) return undefined;
    const page = reader.replay(after, end);
    // Without this, a failed page would be an unhandled rejection when the client has left.
    page.catch(() => undefined);
    return page;
  };
  for (let next = read(start); next;) {
    const page = await next;
    if (page.kind === "expired") return yield { kind: "reset", reason: "EXPIRED", cursor: feed.position };
    next = read(page.cursor);
    yield page;
  }
}

/**
 * Every matching event after the start in log order, then `caughtUp`, then live events. Without a start, the
 * stream begins now. The cursor of each frame is where to resume. A `reset` reports events that are no longer
 * in the log, or a cursor ahead of it.
 * @param reader not its filter, which would be kept beside the one that readers of equal filters share
 */
export async function* watchEvents(
  feed: EventFeed,
  reader: EventReader,
  tap: EventTap,
  signal: AbortSignal,
): AsyncGenerator<EventFrame> {
  const start = tap.cursor;
  // "Now" must include everything committed, and another process may have read further than this one.
  if (!start || comparePositions(start, feed.position) > 0) await feed.catchUp(signal);
  let cursor = start ?? feed.position;
  if (comparePositions(cursor, feed.position) > 0) {
    cursor = feed.position;
    yield { kind: "reset", reason: "AHEAD_OF_LOG", cursor };
  }
  for await (const frame of replay(feed, reader, cursor)) {
    ({ cursor } = frame);
    if (frame.kind === "reset" || frame.events.length > 0) yield frame;
  }
  tap.caughtUp(reader, cursor);
  yield { kind: "caughtUp", cursor };
  while (!signal.aborted) {
    // The position may have moved while the stream was listened to.
    const batch = await reader.next(tap.cursor ?? cursor);
    tap.cursor = batch.kind === "expired" ? feed.position : batch.cursor;
    yield batch.kind === "expired" ? { kind: "reset", reason: "EXPIRED", cursor: tap.cursor } : batch;
  }
}
