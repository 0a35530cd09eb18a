import type { Message as MessageRow } from "../../../database/generated/client.ts";
import { encodeCursor } from "../../../messages/log/event-log.ts";
import { isFinal } from "../../../messages/model/status.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { MessageDirection, MessagePriorityEnum, MessageStatusEnum, TextEncodingEnum } from "./enums.ts";
import { MessageFailure, failureOf } from "./failure.ts";
import { Money, money } from "../money.ts";
import { Campaign } from "../campaigns/campaign.ts";
import { Provider } from "../providers/provider.ts";

/** A message row; one that a live stream made also carries the stream's own position. */
export type MessageShape = MessageRow & { streamCursor?: string };

export const Message = builder.prismaNode("Message", {
  description: "A message, from acceptance to its last receipt.",
  id: {
    field: "id",
    description: "Global id; also the reference under which the provider knows the message.",
  },
  nullable: true,
  findUnique: (id, context) => ({ id, accountId: accountOf(context) }),
  fields: (t) => ({
    provider: t.field({
      type: Provider,
      nullable: true,
      description: "The provider that carries it.",
      resolve: ({ accountId, providerId }, _args, { reads }) =>
        providerId === null ? null : reads.provider(accountId, providerId),
    }),
    campaign: t.field({
      type: Campaign,
      nullable: true,
      description: "The campaign it belongs to; null when sent on its own.",
      resolve: ({ accountId, campaignId }, _args, { reads }) =>
        campaignId === null ? null : reads.campaign(accountId, campaignId),
    }),
    direction: t.field({
      type: MessageDirection,
      description: "Which way the message goes.",
      resolve: () => "OUTBOUND" as const,
    }),
    to: t.exposeString("recipient", { description: "The recipient, in E.164 with its `+`." }),
    from: t.exposeString("sender", { description: "The sender the recipient sees." }),
    text: t.exposeString("text", { description: "The text as it is sent." }),
    encoding: t.expose("encoding", { type: TextEncodingEnum, description: "How the text travels." }),
    segments: t.exposeInt("segments", { description: "Segments it is sent and charged as." }),
    flash: t.exposeBoolean("flash", { description: "Shown at once and not kept by the phone." }),
    priority: t.expose("priority", {
      type: MessagePriorityEnum,
      description: "Which of the waiting messages go first.",
    }),
    status: t.expose("status", { type: MessageStatusEnum, description: "Where the message stands." }),
    isFinal: t.boolean({
      description: "Whether the status is final: nothing more is expected.",
      resolve: ({ status }) => isFinal(status),
    }),
    providerStatus: t.exposeString("providerStatus", {
      nullable: true,
      description: "The provider's own word for the status, untouched.",
    }),
    failure: t.field({
      type: MessageFailure,
      nullable: true,
      description: "Why it did not arrive, once that is known.",
      resolve: failureOf,
    }),
    country: t.exposeString("country", {
      nullable: true,
      description:
        "The recipient's country, ISO 3166-1 alpha-2; null where a shared calling code does not tell.",
    }),
    mccmnc: t.exposeString("mccmnc", {
      nullable: true,
      description: "Mobile country and network code, as the provider reported it.",
    }),
    estimatedCost: t.field({
      type: Money,
      nullable: true,
      description:
        "What the message should cost by the rate valid when it was accepted, or when it went to another provider; " +
        "null without a rate.",
      resolve: ({ estimatedCost, estimatedCurrency }) => money(estimatedCost, estimatedCurrency),
    }),
    cost: t.field({
      type: Money,
      nullable: true,
      description: "What the provider charged, once known; the sum of its parts for a long message.",
      resolve: async ({ accountId, providerId, cost, costCurrency }, _args, { reads }) => {
        if (cost === null || costCurrency !== null || providerId === null) return money(cost, costCurrency);
        return money(cost, (await reads.provider(accountId, providerId))?.currency);
      },
    }),
    clientRef: t.exposeString("clientRef", { nullable: true, description: "Your own reference." }),
    providerMessageId: t.exposeString("providerMessageId", {
      nullable: true,
      description: "The provider's id of the message, once known.",
    }),
    scheduledAt: t.expose("scheduledAt", {
      type: "DateTime",
      nullable: true,
      description: "When it is to be sent; null for at once.",
    }),
    validUntil: t.expose("validUntil", {
      type: "DateTime",
      nullable: true,
      description: "When its validity period ends; null for the provider's default.",
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was accepted." }),
    submittedAt: t.expose("submittedAt", {
      type: "DateTime",
      nullable: true,
      description: "When the provider accepted it.",
    }),
    sentAt: t.expose("sentAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was handed to the operator, by the provider's clock.",
    }),
    deliveredAt: t.expose("deliveredAt", {
      type: "DateTime",
      nullable: true,
      description: "When the handset got it, by the provider's clock.",
    }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When its last applied event came." }),
    version: t.exposeInt("version", { description: "One more with every applied event." }),
    cursor: t.field({
      type: "Cursor",
      description: "Subscribe from here: nothing between this read and the stream is missed.",
      resolve: (message: MessageShape, _args, { readPosition }) =>
        message.streamCursor ?? encodeCursor(readPosition),
    }),
  }),
});
