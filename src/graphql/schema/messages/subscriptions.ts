import { InvalidCursorError, InvalidInputError, NotFoundError } from "../../../lib/errors.ts";
import type { EventFilter } from "../../../messages/log/event-filter.ts";
import { decodeCursor, encodeCursor } from "../../../messages/log/event-log.ts";
import { requireStorable } from "../../../lib/storable.ts";
import { builder } from "../builder.ts";
import { accountOf, type Context } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { maxFilterIds, maxFilterWords } from "../limits.ts";
import { MessageStatusEnum } from "./enums.ts";
import { MessageEvent } from "./event.ts";
import { EventTap, readSnapshot, watchEvents, watchMessage, type EventFrame } from "./stream.ts";
import { Message } from "./message.ts";
import type { EventBatch } from "../../../messages/log/topics.ts";
import type { LoggedEvent, Position } from "../../../messages/log/logged-event.ts";

const MessageEventFilter = builder.inputType("MessageEventFilter", {
  description: "Which events to watch. All given conditions must hold.",
  fields: (t) => ({
    messageIds: t.idList({ description: `Of these messages, at most ${maxFilterIds}.` }),
    campaignId: t.id({ description: "Of the messages of this campaign." }),
    providerId: t.id({ description: "Of messages sent through this provider." }),
    status: t.field({ type: [MessageStatusEnum], description: "Events with one of these statuses." }),
    clientRefPrefix: t.string({
      description: "Of messages whose `clientRef` begins with this (case-sensitive).",
    }),
    country: t.stringList({
      description: "Of messages to one of these countries, ISO 3166-1 alpha-2, such as `SK`.",
    }),
  }),
});

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
  description: "What `messageEvents` sends: batches of events, and marks between them.",
  types: [MessageEventBatch, CaughtUp, StreamReset],
});

type FilterInput = typeof MessageEventFilter.$inferInput | null | undefined;

/** @throws InvalidIdError, InvalidInputError */
function toFilter(context: Context, input: FilterInput): EventFilter {
  const { messageIds, campaignId, providerId, status, clientRefPrefix, country } = input ?? {};
  checkLength("messageIds", messageIds, maxFilterIds);
  checkLength("status", status, maxFilterWords);
  checkLength("country", country, maxFilterWords);
  for (const code of country ?? []) {
    if (/^[A-Z]{2}$/.test(code)) continue;
    const problem = `"${code.slice(0, 20)}" is not a country. Write two capital letters, such as SK.`;
    throw new InvalidInputError("filter.country", problem);
  }
  return {
    accountId: accountOf(context),
    messageIds: messageIds?.map((id) => decodeId("Message", id, "filter.messageIds")),
    campaignId: campaignId == null ? undefined : decodeId("Campaign", campaignId, "filter.campaignId"),
    providerId: providerId == null ? undefined : decodeId("Provider", providerId, "filter.providerId"),
    statuses: status ?? undefined,
    clientRefPrefix:
      clientRefPrefix == null ? undefined : requireStorable(clientRefPrefix, "filter.clientRefPrefix"),
    countries: country ?? undefined,
  };
}

/** An empty list would match nothing, so it is refused. */
function checkLength(field: string, list: readonly unknown[] | null | undefined, most: number): void {
  if (!list || (list.length > 0 && list.length <= most)) return;
  const path = `filter.${field}`;
  throw new InvalidInputError(path, `\`${path}\` takes 1 to ${most} entries; leave it out to watch all.`);
}

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
      "Every event of the account's messages, in log order, each exactly once. Store the last `cursor` you saw and " +
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
      return streams.open((signal) => watchEvents(feed, wanted, tap, signal), { cursorOf, tap });
    },
    resolve: (frame) => frame,
  }),
}));

/**
 * A stream about an object that the account does not have would stay silent forever, so it ends with an
 * error.
 */
async function checkTargets(
  { database: { prisma } }: Context,
  { accountId, messageIds, campaignId, providerId }: EventFilter,
): Promise<void> {
  if (messageIds) {
    const where = { accountId, id: { in: [...messageIds] } };
    const found = await prisma.message.findMany({ where, select: { id: true } });
    const known = new Set(found.map(({ id }) => id));
    const missing = messageIds.find((id) => !known.has(id));
    if (missing !== undefined) throw new NotFoundError("Message", missing);
  }
  if (
    campaignId !== undefined &&
    (await prisma.campaign.count({ where: { id: campaignId, accountId } })) === 0
  )
    throw new NotFoundError("Campaign", campaignId);
  if (
    providerId !== undefined &&
    (await prisma.provider.count({ where: { id: providerId, accountId } })) === 0
  )
    throw new NotFoundError("Provider", providerId);
}
