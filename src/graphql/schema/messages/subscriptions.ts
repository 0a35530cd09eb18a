import { InvalidCursorError } from "../../../lib/errors.ts";
import { decodeCursor, encodeCursor } from "../../../messages/log/event-log.ts";
import { builder } from "../builder.ts";
import { accountOf, type Context } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { checkTargets, MessageEventFilter, toFilter } from "./event-filter.ts";
import { MessageEvent } from "./event.ts";
import { EventTap, readSnapshot, watchEvents, watchMessage, type EventFrame } from "./stream.ts";
import { Message } from "./message.ts";
import type { EventBatch } from "../../../messages/log/topics.ts";
import type { LoggedEvent, Position } from "../../../messages/log/logged-event.ts";

/** Positions are encoded only when someone asks for the cursor. */
const cursorOf = ({ cursor }: { cursor: Position }): string => encodeCursor(cursor);

const MessageEventBatch = builder.objectRef<EventBatch>("MessageEventBatch").implement({
  description: "Events in log order. Each event is sent exactly once per stream.",
  isTypeOf: isKind("batch"),
  fields: (t) => ({
    events: t.field({
      type: [MessageEvent],
      description: "The events.",
      extensions: { cost: { multiplier: 100 } },
      resolve: ({ events }): LoggedEvent[] => events,
    }),
    cursor: t.field({
      type: "Cursor",
      description: "Resume from here after a disconnect.",
      resolve: cursorOf,
    }),
  }),
});

const CaughtUp = builder.objectRef<Extract<EventFrame, { kind: "caughtUp" }>>("CaughtUp").implement({
  description: "All stored events were sent; what follows is live.",
  isTypeOf: isKind("caughtUp"),
  fields: (t) => ({
    cursor: t.field({
      type: "Cursor",
      description: "Resume from here after a disconnect.",
      resolve: cursorOf,
    }),
  }),
});

const StreamResetReason = builder.enumType("StreamResetReason", {
  description: "Why a stream could not resume from its cursor.",
  values: {
    AHEAD_OF_LOG: {
      description: "The cursor is ahead of the log: the database was restored to an earlier state.",
    },
    EXPIRED: {
      description: "The cursor is older than the stored log.",
    },
  },
});

const StreamReset = builder.objectRef<Extract<EventFrame, { kind: "reset" }>>("StreamReset").implement({
  description:
    "The stream cannot resume from the given cursor. Fetch the present state again and continue from here.",
  isTypeOf: isKind("reset"),
  fields: (t) => ({
    reason: t.expose("reason", { type: StreamResetReason, description: "The reason." }),
    cursor: t.field({ type: "Cursor", description: "Where the stream continues.", resolve: cursorOf }),
  }),
});

function isKind(kind: EventFrame["kind"]) {
  return (value: unknown): boolean => (value as EventFrame).kind === kind;
}

const MessageEventFrame = builder.unionType("MessageEventFrame", {
  description: "What `messageEvents` and `messageReceived` send: batches of events, and marks between them.",
  types: [MessageEventBatch, CaughtUp, StreamReset],
});

/**
 * Where a stream resumes. `Last-Event-ID`, which clients send when they reconnect, is newer than the `after`
 * in their URL.
 */
function startOf({ lastEventId }: Context, after: string | null | undefined): Position | undefined {
  const [field, cursor] = lastEventId ? ["Last-Event-ID", lastEventId] : ["after", after];
  if (cursor == null) return undefined;
  const position = decodeCursor(cursor);
  if (!position) throw new InvalidCursorError(field);
  return position;
}

builder.subscriptionFields((t) => ({
  messageChanged: t.field({
    type: Message,
    description: "The present state of a message at once, then every change, each version exactly once.",
    authScopes: { READ: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the message." }) },
    subscribe: async (_root, { id }, context) => {
      const target = { accountId: accountOf(context), messageId: decodeId("Message", id) };
      const snapshot = await readSnapshot(context, target);
      const { feed, streams } = context;
      return streams.open((signal) => watchMessage(feed, snapshot, signal));
    },
    resolve: (message) => message,
  }),
  messageEvents: t.field({
    type: MessageEventFrame,
    description:
      "Every event of the messages that the account sends, in log order, each exactly once. Store the last `cursor` you saw and " +
      "pass it as `after` when you reconnect: no event is missed or repeated.",
    authScopes: { READ: true },
    args: {
      filter: t.arg({ type: MessageEventFilter, description: "Which events; absent: all." }),
      after: t.arg({
        type: "Cursor",
        description: "Where to resume; absent: from now. Over SSE, `Last-Event-ID` takes precedence.",
      }),
    },
    subscribe: async (_root, { filter, after }, context) => {
      const position = startOf(context, after);
      const wanted = toFilter(context, filter);
      await checkTargets(context, wanted);
      const { feed, streams } = context;
      const tap = new EventTap(position);
      return streams.open((signal) => watchEvents(feed, feed.watch(wanted, signal), tap, signal), {
        cursorOf,
        tap,
      });
    },
    resolve: (frame) => frame,
  }),
  messageReceived: t.field({
    type: MessageEventFrame,
    description:
      "Messages from people, in log order, each exactly once: the events with the status RECEIVED. It resumes as " +
      "`messageEvents` does.",
    authScopes: { READ: true },
    args: {
      providerId: t.arg.id({ description: "Only those received through this provider." }),
      after: t.arg({
        type: "Cursor",
        description: "Where to resume; absent: from now. Over SSE, `Last-Event-ID` takes precedence.",
      }),
    },
    subscribe: async (_root, { providerId, after }, context) => {
      const position = startOf(context, after);
      const wanted = toFilter(context, { providerId, status: ["RECEIVED"] });
      await checkTargets(context, wanted);
      const { feed, streams } = context;
      const tap = new EventTap(position);
      return streams.open((signal) => watchEvents(feed, feed.watch(wanted, signal), tap, signal), {
        cursorOf,
        tap,
      });
    },
    resolve: (frame) => frame,
  }),
}));
