import { InvalidCursorError, InvalidInputError, NotFoundError } from "../errors.ts";
import { decodeCursor, type EventFilter, type LoggedEvent } from "../messages/event-log.ts";
import { builder } from "./builder.ts";
import { accountOf, type Context } from "./context.ts";
import { decodeId } from "./ids.ts";
import { maxFilterIds } from "./limits.ts";
import { MessageStatusEnum } from "./message-enums.ts";
import { MessageEvent } from "./message-event.ts";
import { readSnapshot, watchEvents, watchMessage, type EventFrame } from "./message-stream.ts";
import { Message } from "./message.ts";

const MessageEventFilter = builder.inputType("MessageEventFilter", {
  description: "Which events to watch. Everything given must hold; what is absent does not restrict.",
  fields: (t) => ({
    messageIds: t.idList({ description: `Of these messages, at most ${maxFilterIds}.` }),
    providerId: t.id({ description: "Of messages that this provider carries." }),
    status: t.field({ type: [MessageStatusEnum], description: "That report one of these statuses." }),
  }),
});

type Batch = Extract<EventFrame, { kind: "batch" }>;

const MessageEventBatch = builder.objectRef<Batch>("MessageEventBatch").implement({
  description: "Events in log order; each event exactly once per stream.",
  isTypeOf: isKind("batch"),
  fields: (t) => ({
    events: t.field({
      type: [MessageEvent],
      description: "The events.",
      resolve: ({ events }): LoggedEvent[] => events,
    }),
    cursor: t.expose("cursor", { type: "Cursor", description: "Go on from here after a disconnect." }),
  }),
});

const CaughtUp = builder.objectRef<Extract<EventFrame, { kind: "caughtUp" }>>("CaughtUp").implement({
  description: "Replay is over; what follows is live.",
  isTypeOf: isKind("caughtUp"),
  fields: (t) => ({
    cursor: t.expose("cursor", { type: "Cursor", description: "Go on from here after a disconnect." }),
  }),
});

const StreamResetReason = builder.enumType("StreamResetReason", {
  description: "Why a stream could not go on from its cursor.",
  values: {
    AHEAD_OF_LOG: {
      description: "The cursor is from a log that is no longer there: the database was set back.",
    },
  },
});

const StreamReset = builder.objectRef<Extract<EventFrame, { kind: "reset" }>>("StreamReset").implement({
  description:
    "The stream cannot go on from the cursor given: fetch the present state again, and go on from here.",
  isTypeOf: isKind("reset"),
  fields: (t) => ({
    reason: t.expose("reason", { type: StreamResetReason, description: "Why." }),
    cursor: t.expose("cursor", { type: "Cursor", description: "Where the stream goes on." }),
  }),
});

function isKind(kind: EventFrame["kind"]) {
  return (value: unknown): boolean => (value as EventFrame).kind === kind;
}

const MessageEventFrame = builder.unionType("MessageEventFrame", {
  description: "What `messageEvents` sends: batches of events, and marks in between.",
  types: [MessageEventBatch, CaughtUp, StreamReset],
});

/** @throws InvalidIdError, InvalidInputError */
function toFilter(
  context: Context,
  filter: typeof MessageEventFilter.$inferInput | null | undefined,
): EventFilter {
  const { messageIds, providerId, status } = filter ?? {};
  if (messageIds && (messageIds.length === 0 || messageIds.length > maxFilterIds)) {
    throw new InvalidInputError(
      "filter.messageIds",
      `Give 1 to ${maxFilterIds} message ids, or leave them out.`,
    );
  }
  return {
    accountId: accountOf(context),
    messageIds: messageIds?.map((id) => decodeId("Message", id, "filter.messageIds")),
    providerId: providerId == null ? undefined : decodeId("Provider", providerId, "filter.providerId"),
    statuses: status ?? undefined,
  };
}

builder.subscriptionFields((t) => ({
  messageChanged: t.field({
    type: Message,
    description: "A message: its present state at once, then every change, each version exactly once.",
    authScopes: { READ: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the message." }) },
    subscribe: async (_root, { id }, context) => {
      const target = { accountId: accountOf(context), messageId: decodeId("Message", id), shownId: id };
      const snapshot = await readSnapshot(context, target);
      return context.streams.open((signal) => watchMessage(context.feed, snapshot, signal));
    },
    resolve: (message) => message,
  }),
  messageEvents: t.field({
    type: MessageEventFrame,
    description:
      "Every event of the account's messages, in log order, each exactly once. Keep the last `cursor` you saw, and " +
      "give it as `after` when you come back: nothing is missed and nothing comes twice.",
    authScopes: { READ: true },
    args: {
      filter: t.arg({ type: MessageEventFilter, description: "Which events; absent: all." }),
      after: t.arg({ type: "Cursor", description: "Where to go on; absent: from now." }),
    },
    subscribe: async (_root, { filter, after }, context) => {
      const position = after == null ? undefined : decodeCursor(after);
      if (after != null && !position) throw new InvalidCursorError("after");
      const wanted = toFilter(context, filter);
      await checkTargets(context, wanted, filter);
      return context.streams.open((signal) => watchEvents(context.feed, wanted, position, signal));
    },
    resolve: (frame) => frame,
  }),
}));

/** A stream of what is not in the account would be silent for ever: it ends with an error instead. */
async function checkTargets(
  { database }: Context,
  { accountId, messageIds, providerId }: EventFilter,
  shown: typeof MessageEventFilter.$inferInput | null | undefined,
): Promise<void> {
  if (messageIds) {
    const where = { accountId, id: { in: [...messageIds] } };
    const found = await database.prisma.message.findMany({ where, select: { id: true } });
    const known = new Set(found.map(({ id }) => id));
    const missing = messageIds.findIndex((id) => !known.has(id));
    if (missing >= 0) throw new NotFoundError("message", String(shown?.messageIds?.[missing]));
  }
  if (
    providerId !== undefined &&
    (await database.prisma.provider.count({ where: { id: providerId, accountId } })) === 0
  ) {
    throw new NotFoundError("provider", String(shown?.providerId));
  }
}
