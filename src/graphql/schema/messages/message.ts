import { textCost } from "../limits.ts";
import type { Message as MessageRow } from "../../../database/generated/client.ts";
import { encodeCursor } from "../../../messages/log/event-log.ts";
import { isAwaited, isOverdue } from "../../../messages/statistics/expected-lag.ts";
import { isFinal } from "../../../messages/model/status.ts";
import type { ListedMessage } from "../../reads.ts";
import { builder } from "../builder.ts";
import { accountOf } from "../../context.ts";
import { MessageDirection, MessagePriorityEnum, MessageStatusEnum, TextEncodingEnum } from "./enums.ts";
import { MessageFailure, failureOf } from "./failure.ts";
import { Money, money } from "../money.ts";
import { Campaign } from "../campaigns/campaign.ts";
import { Provider } from "../providers/provider.ts";

/** A message row. In a stream it also carries the stream's position, in a list what it belongs to. */
export type MessageShape = MessageRow & { streamCursor?: string } & Partial<ListedMessage>;

export const Message = builder.prismaNode("Message", {
  description: "A message and its delivery status.",
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
      description: "The provider that the message goes through.",
      resolve: ({ accountId, providerId, provider }: MessageShape, _args, { reads }) =>
        provider !== undefined || providerId === null ? provider : reads.provider(accountId, providerId),
    }),
    campaign: t.field({
      type: Campaign,
      nullable: true,
      description: "The campaign it belongs to; null when sent on its own.",
      resolve: ({ accountId, campaignId, campaign }: MessageShape, _args, { reads }) =>
        campaign !== undefined || campaignId === null ? campaign : reads.campaign(accountId, campaignId),
    }),
    direction: t.field({
      type: MessageDirection,
      description: "The direction of the message.",
      resolve: ({ status }) => (status === "RECEIVED" ? "INBOUND" : "OUTBOUND"),
    }),
    to: t.exposeString("recipient", {
      description:
        "The recipient, in E.164 with a leading `+`; of a message from a person, what it was sent to.",
    }),
    from: t.exposeString("sender", {
      description:
        "The sender that the recipient sees; of a message from a person, the number of the person.",
    }),
    text: t.exposeString("text", {
      description: "The text as sent.",
      extensions: { cost: { own: textCost } },
    }),
    encoding: t.expose("encoding", { type: TextEncodingEnum, description: "The encoding of the text." }),
    segments: t.exposeInt("segments", { description: "How many segments are sent and charged." }),
    flash: t.exposeBoolean("flash", { description: "The phone shows it at once and does not store it." }),
    priority: t.expose("priority", {
      type: MessagePriorityEnum,
      description: "Which waiting messages are sent first.",
    }),
    status: t.expose("status", { type: MessageStatusEnum, description: "The status of the message." }),
    isFinal: t.boolean({
      description: "Whether the status is final.",
      resolve: ({ status }) => isFinal(status),
    }),
    isOverdue: t.boolean({
      description:
        "Whether the final receipt should have come by now: a message is overdue after three times what 99 of a hundred " +
        "receipts of its provider for its country took in the last seven days, after 15 minutes where too little is known.",
      resolve: async (message, _args, { expectations, clock }) =>
        isAwaited(message) && isOverdue(message, await expectations.of(message.accountId), clock.now()),
    }),
    providerStatus: t.exposeString("providerStatus", {
      nullable: true,
      description: "The provider's own word for the status, unchanged.",
    }),
    failure: t.field({
      type: MessageFailure,
      nullable: true,
      description: "Why it did not arrive, once known.",
      resolve: failureOf,
    }),
    country: t.exposeString("country", {
      nullable: true,
      description:
        "The recipient's country, ISO 3166-1 alpha-2; null when countries share the calling code and the number does not show which.",
    }),
    mccmnc: t.exposeString("mccmnc", {
      nullable: true,
      description: "Mobile country and network code, as the provider reported it.",
    }),
    estimatedCost: t.field({
      type: Money,
      nullable: true,
      description:
        "The estimated cost, by the rate valid when it was accepted or moved to another provider; " +
        "null without a rate.",
      resolve: ({ estimatedCost, estimatedCurrency }) => money(estimatedCost, estimatedCurrency),
    }),
    cost: t.field({
      type: Money,
      nullable: true,
      description: "What the provider charged, once known; for a long message, the sum of its parts.",
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
      description: "When it should be sent; null for at once.",
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
      description: "When the phone received it, by the provider's clock.",
    }),
    updatedAt: t.expose("updatedAt", {
      type: "DateTime",
      description: "When its last applied event was received.",
    }),
    version: t.exposeInt("version", { description: "Increases by one with every applied event." }),
    cursor: t.field({
      type: "Cursor",
      description: "Pass it as `after` to a subscription, so that no event after this read is missed.",
      resolve: (message: MessageShape, _args, { readPosition }) =>
        message.streamCursor ?? encodeCursor(readPosition),
    }),
  }),
});
