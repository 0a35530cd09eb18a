import { encodeCursor } from "../../../messages/log/event-log.ts";
import { eventId, readEventsById } from "../../../messages/log/timelines.ts";
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
    "One line of a message's timeline: a step of smsgraph or a report of a provider, whether or not it changed the message.",
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
      description:
        "The position of the event in the log. A stream started `after` it continues with the next event.",
      resolve: (event) => encodeCursor(event),
    }),
    message: t.loadable({
      type: Message,
      description: "The message in its present state.",
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
      description: "The provider of the event; after a change of provider, the new one.",
      byPath: false,
      loaderOptions: batchOnly,
      load: loadProviders,
      resolve: ({ providerId }) => providerId,
    }),
    status: t.expose("status", { type: MessageStatusEnum, description: "The status the event reports." }),
    providerStatus: t.exposeString("providerStatus", {
      nullable: true,
      description: "The provider's own status word, unchanged.",
    }),
    source: t.expose("source", { type: EventSourceEnum, description: "The source of the event." }),
    applied: t.exposeBoolean("applied", { description: "Whether the event changed the message." }),
    ignoredReason: t.expose("ignoredReason", {
      type: IgnoredReasonEnum,
      nullable: true,
      description: "Why it did not change the message; null when it did.",
    }),
    version: t.exposeInt("version", { description: "The message's `version` after the event." }),
    part: t.exposeInt("part", { description: "The part of a long message that it reports on, from 1." }),
    parts: t.exposeInt("parts", {
      description: "How many parts the message has, as counted by the provider.",
    }),
    failure: t.field({
      type: MessageFailure,
      nullable: true,
      description: "Why the message did not arrive, if the event says so.",
      resolve: failureOf,
    }),
    detail: t.exposeString("detail", { nullable: true, description: "What happened, for people." }),
    occurredAt: t.expose("occurredAt", {
      type: "DateTime",
      description: "When it happened: the provider's time if it gave one, otherwise ours.",
    }),
    receivedAt: t.expose("receivedAt", { type: "DateTime", description: "When smsgraph learned of it." }),
  }),
});
