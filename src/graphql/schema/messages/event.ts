import { encodeCursor, eventId, readEventsById } from "../../../messages/log/event-log.ts";
import { builder } from "../builder.ts";
import { accountOf, batchOnly } from "../../context.ts";
import { MessageFailure, failureOf } from "./failure.ts";
import { EventSourceEnum, IgnoredReasonEnum, MessageStatusEnum } from "./enums.ts";
import { loadProviders } from "../load-providers.ts";
import { Message } from "./message.ts";
import { Provider } from "../providers/provider.ts";
import type { LoggedEvent } from "../../../messages/log/logged-event.ts";

export const MessageEvent = builder.loadableNode("MessageEvent", {
  description:
    "One line of a message's timeline: a step of ours, or what a provider said, whether or not it counted.",
  id: { resolve: (event: LoggedEvent) => eventId(event) },
  load: async (ids: string[], context): Promise<(LoggedEvent | null)[]> => {
    const events = await readEventsById(context.database, accountOf(context), ids);
    return ids.map((id) => events.get(id) ?? null);
  },
  toKey: eventId,
  isTypeOf: (value) => typeof value === "object" && value !== null && "messageId" in value && "tx" in value,
  fields: (t) => ({
    cursor: t.field({
      type: "Cursor",
      description: "The event's position in the log: a stream started `after` it goes on behind this event.",
      resolve: (event) => encodeCursor(event),
    }),
    message: t.loadable({
      type: Message,
      description: "The message, as it is now.",
      byPath: false,
      loaderOptions: batchOnly,
      load: async (ids: string[], { database, feed }) => {
        const streamCursor = encodeCursor(feed.position);
        const rows = await database.prisma.message.findMany({ where: { id: { in: ids } } });
        const found = new Map(rows.map((row) => [row.id, { ...row, streamCursor }]));
        return ids.map((id) => found.get(id) ?? new Error(`The message ${id} of an event is gone`));
      },
      resolve: ({ messageId }) => messageId,
    }),
    provider: t.loadable({
      type: Provider,
      nullable: true,
      description: "The provider it is about: after a change of providers the new one.",
      byPath: false,
      loaderOptions: batchOnly,
      load: loadProviders,
      resolve: ({ providerId }) => providerId,
    }),
    status: t.expose("status", { type: MessageStatusEnum, description: "The status the event reports." }),
    providerStatus: t.exposeString("providerStatus", {
      nullable: true,
      description: "The provider's own word, untouched.",
    }),
    source: t.expose("source", { type: EventSourceEnum, description: "Where the event came from." }),
    applied: t.exposeBoolean("applied", { description: "Whether it changed the message." }),
    ignoredReason: t.expose("ignoredReason", {
      type: IgnoredReasonEnum,
      nullable: true,
      description: "Why it did not; null when it did.",
    }),
    version: t.exposeInt("version", { description: "The message's `version` after the event." }),
    part: t.exposeInt("part", { description: "Which part of a long message it reports on, from 1." }),
    parts: t.exposeInt("parts", { description: "How many parts the provider counts." }),
    failure: t.field({
      type: MessageFailure,
      nullable: true,
      description: "Why the message did not arrive, where the event says so.",
      resolve: failureOf,
    }),
    detail: t.exposeString("detail", { nullable: true, description: "What happened, in plain words." }),
    occurredAt: t.expose("occurredAt", {
      type: "DateTime",
      description: "When it happened, by the provider's clock where it gave a time, else by ours.",
    }),
    receivedAt: t.expose("receivedAt", { type: "DateTime", description: "When we learned of it." }),
  }),
});
