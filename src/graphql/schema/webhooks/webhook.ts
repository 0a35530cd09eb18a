import { queryFromInfo } from "@pothos/plugin-prisma";
import type { Webhook as WebhookRow } from "../../../database/generated/client.ts";
import { encodeId } from "../../../lib/global-id.ts";
import type { EventFilter } from "../../../messages/log/event-filter.ts";
import { encodeCursor } from "../../../messages/log/event-log.ts";
import { accountOf } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { builder } from "../builder.ts";
import { MessageStatusEnum } from "../messages/enums.ts";
import { paginateById } from "../page.ts";

const WebhookStatusEnum = builder.enumType("WebhookStatus", {
  description: "Whether a webhook delivers.",
  values: {
    ACTIVE: { description: "It delivers every event as it happens." },
    RETRYING: { description: "Its endpoint failed and is tried again; see `problem` and `nextAttemptAt`." },
    DISABLED: { description: "It delivers nothing until it is enabled; see `problem`." },
  },
});

export const WebhookStreamEnum = builder.enumType("WebhookStream", {
  description: "What a webhook delivers.",
  values: {
    MESSAGES: { description: "The events of messages." },
    AUDIT: {
      description:
        "The audit log, in order, one entry after the other. Only a key with the scope ADMIN may make or change such a webhook.",
    },
  },
});

type Restrictions = Omit<EventFilter, "accountId">;

const WebhookFilter = builder.objectRef<Restrictions>("WebhookFilter").implement({
  description: "Which events a webhook delivers. All given conditions hold; null restricts nothing.",
  fields: (t) => ({
    messageIds: t.idList({
      nullable: true,
      description: "Of these messages.",
      resolve: ({ messageIds }) => messageIds?.map((id) => encodeId("Message", id)) ?? null,
    }),
    campaignId: t.id({
      nullable: true,
      description: "Of the messages of this campaign.",
      resolve: ({ campaignId }) => (campaignId === undefined ? null : encodeId("Campaign", campaignId)),
    }),
    providerId: t.id({
      nullable: true,
      description: "Of messages sent through this provider.",
      resolve: ({ providerId }) => (providerId === undefined ? null : encodeId("Provider", providerId)),
    }),
    status: t.field({
      type: [MessageStatusEnum],
      nullable: true,
      description: "Events with one of these statuses.",
      resolve: ({ statuses }) => statuses ?? null,
    }),
    clientRefPrefix: t.string({
      nullable: true,
      description: "Of messages whose `clientRef` begins with this.",
      resolve: ({ clientRefPrefix }) => clientRefPrefix ?? null,
    }),
    country: t.stringList({
      nullable: true,
      description: "Of messages to one of these countries.",
      resolve: ({ countries }) => countries ?? null,
    }),
  }),
});

function statusOf({ enabled, failures }: WebhookRow): typeof WebhookStatusEnum.$inferType {
  if (!enabled) return "DISABLED";
  return failures > 0 ? "RETRYING" : "ACTIVE";
}

export const Webhook = builder.prismaNode("Webhook", {
  description: "An endpoint of yours to which the events of the account are posted, signed, as they happen.",
  authScopes: { WEBHOOKS: true },
  id: { field: "id", description: "Global id." },
  nullable: true,
  findUnique: (id, context) => ({ id, accountId: accountOf(context) }),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Your name for it." }),
    url: t.exposeString("url", { description: "Where events are posted." }),
    stream: t.expose("stream", { type: WebhookStreamEnum, description: "What it delivers." }),
    filter: t.field({
      type: WebhookFilter,
      description: "Which events it delivers.",
      resolve: ({ filter }) => filter as Restrictions,
    }),
    batchSize: t.exposeInt("batchSize", {
      description: "The most events in one request. With 1, each request is one event.",
    }),
    withoutTexts: t.exposeBoolean("withoutTexts", {
      description: "Whether the texts of messages are left out.",
    }),
    status: t.field({ type: WebhookStatusEnum, description: "Whether it delivers.", resolve: statusOf }),
    problem: t.exposeString("problem", {
      nullable: true,
      description:
        "Why it fails or is disabled, in words that can be mailed as they are; null when all is well.",
    }),
    failingSince: t.expose("failingSince", {
      type: "DateTime",
      nullable: true,
      description: "Since when no delivery has succeeded; null when the last one did.",
    }),
    nextAttemptAt: t.expose("retryAt", {
      type: "DateTime",
      nullable: true,
      description: "When it is tried again; null unless it is `RETRYING`.",
    }),
    disabledAt: t.expose("disabledAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was disabled, by you or after its last attempt; null while it is enabled.",
    }),
    cursor: t.field({
      type: "Cursor",
      description:
        "Every matching event up to here has been delivered. Precise to half a minute while nothing matches.",
      resolve: ({ cursorTx: tx, cursorId: id }) => encodeCursor({ tx, id }),
    }),
    earlierSecretUntil: t.field({
      type: "DateTime",
      nullable: true,
      description: "Until when the secret before the last rotation signs as well; null when it does not.",
      resolve: (webhook, _args, { webhooks }) => webhooks.earlierSecretUntil(webhook),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was created." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When you last changed it." }),
  }),
});

const WebhookConnection = builder.connectionObject(
  { type: Webhook, name: "WebhookConnection", description: "A page of webhooks." },
  { name: "WebhookEdge", description: "A webhook and its position in the list." },
);

builder.queryFields((t) => ({
  webhook: t.prismaField({
    type: "Webhook",
    nullable: true,
    description: "A webhook by its global id; null when this account has no such webhook.",
    authScopes: { WEBHOOKS: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the webhook." }) },
    resolve: (query, _root, { id }, context) =>
      context.database.prisma.webhook.findUnique({
        ...query,
        where: { id: decodeId("Webhook", id), accountId: accountOf(context) },
      }),
  }),
  webhooks: t.connection(
    {
      type: Webhook,
      description: "The webhooks of the account, newest first.",
      authScopes: { WEBHOOKS: true },
      resolve: (_root, args, context, info) => {
        const query = queryFromInfo({ context, info, path: ["edges", "node"] });
        return paginateById(args, ({ where: id, orderBy, take }) =>
          context.database.prisma.webhook.findMany({
            ...query,
            where: { accountId: accountOf(context), id },
            orderBy: { id: orderBy },
            take,
          }),
        );
      },
    },
    WebhookConnection,
  ),
}));
