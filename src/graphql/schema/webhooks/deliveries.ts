import type { DeliveryRecord } from "../../../webhooks/ledger.ts";
import { keptDeliveries } from "../../../webhooks/ledger.ts";
import { builder } from "../builder.ts";
import { paginate, type Keyset } from "../page.ts";
import { Webhook } from "./webhook.ts";

const WebhookDeliveryStatusEnum = builder.enumType("WebhookDeliveryStatus", {
  description: "What became of a delivery.",
  values: {
    DELIVERED: { description: "The endpoint took it: it answered 2xx." },
    FAILED: { description: "The last attempt failed. It is repeated while the webhook is enabled." },
  },
});

const WebhookDelivery = builder.objectRef<DeliveryRecord>("WebhookDelivery").implement({
  description: "One request to the endpoint of a webhook, with all its attempts.",
  fields: (t) => ({
    webhookId: t.exposeString("headerId", {
      description:
        "The header `webhook-id`: the same for every attempt, and when the same events are replayed.",
    }),
    status: t.expose("status", { type: WebhookDeliveryStatusEnum, description: "What became of it." }),
    events: t.exposeInt("events", { description: "How many events it carries." }),
    attempts: t.exposeInt("attempts", { description: "How often it has been tried." }),
    responseCode: t.exposeInt("responseCode", {
      nullable: true,
      description: "The HTTP status that the last attempt was answered with; null without an answer.",
    }),
    latencyMilliseconds: t.exposeInt("latencyMs", {
      description: "How long the last attempt took, in milliseconds.",
    }),
    problem: t.exposeString("problem", {
      nullable: true,
      description: "Why the last attempt failed, for people; null when it succeeded.",
    }),
    firstAttemptedAt: t.expose("firstAttemptedAt", {
      type: "DateTime",
      description: "When it was first tried.",
    }),
    lastAttemptedAt: t.expose("lastAttemptedAt", {
      type: "DateTime",
      description: "When it was last tried.",
    }),
  }),
});

const byNumber: Keyset<DeliveryRecord, bigint> = {
  keyOf: ({ number }) => number,
  write: String,
  read: (text) => (/^\d{1,18}$/.test(text) ? BigInt(text) : undefined),
};

builder.prismaObjectField(Webhook, "deliveries", (t) =>
  t.connection(
    {
      type: WebhookDelivery,
      description:
        `The newest deliveries, newest first; at most ${keptDeliveries} are kept. Failed ones are all listed; of a ` +
        "webhook that delivers more than a hundred in a second, not every success is.",
      select: { id: true },
      resolve: ({ id: webhookId }, args, { webhookDeliveries }) =>
        paginate(args, byNumber, (range) => webhookDeliveries.load({ webhookId, ...range })),
    },
    { name: "WebhookDeliveryConnection", description: "A page of deliveries." },
    { name: "WebhookDeliveryEdge", description: "A delivery and its position in the list." },
  ),
);
