import {
  CountryNotAllowedError,
  KeyRestrictedError,
  DomainError,
  IdempotencyConflictError,
  InvalidInputError,
  InvalidPhoneNumberError,
  InvalidScheduleError,
  InvalidSenderError,
  InvalidTextError,
  NoRouteError,
  NotCancellableError,
  NotFoundError,
  QuotaExceededError,
  RecipientSuppressedError,
  SpendingCapError,
  UnsupportedFeatureError,
  VersionConflictError,
} from "../../../lib/errors.ts";
import { cancelMessage } from "../../../messages/changes/cancel.ts";
import { updateMessage } from "../../../messages/dispatch/update-message.ts";
import { builder } from "../builder.ts";
import { accountOf, type Context } from "../../context.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { maxMessages } from "../limits.ts";
import { DuplicatePolicyEnum, MessagePriorityEnum, TextEncodingChoice } from "./enums.ts";
import { Message, type MessageShape } from "./message.ts";
import type { SendInput } from "../../../messages/accept/send-input.ts";
import type { SendResult } from "../../../messages/accept/send.ts";

const SendMessageInput = builder.inputType("SendMessageInput", {
  description: "A message to send.",
  fields: (t) => ({
    to: t.string({ required: true, description: "The recipient in international form: `+421 901 000 000`." }),
    text: t.string({ required: true, description: "The text. Long texts are sent in several segments." }),
    from: t.string({
      description: "The sender that the recipient sees; absent: the provider's default sender.",
    }),
    providerId: t.id({ description: "The only provider to use; absent: the message is routed." }),
    clientRef: t.string({ description: "Your own reference, 1 to 255 characters. It need not be unique." }),
    scheduledAt: t.field({
      type: "DateTime",
      description: "When to send it. Until then smsgraph holds it, and it can be cancelled.",
    }),
    validityMinutes: t.int({
      description:
        "Validity period in minutes. After it, the message is no longer submitted, nor delivered by a provider that has such a period " +
        "(see `capabilities.longestValidityMinutes`).",
    }),
    priority: t.field({ type: MessagePriorityEnum, description: "Which waiting messages are sent first." }),
    flash: t.boolean({ description: "Show it at once and do not store it (class 0)." }),
    encoding: t.field({ type: TextEncodingChoice, description: "Which encoding to use; absent: AUTO." }),
    cadenceGroupId: t.string({
      description: "The cadence group to send through (see `Provider.cadenceGroups`).",
    }),
    dltTemplateId: t.string({
      description: "The template registered with the Indian DLT platform (see `capabilities.dltTemplates`).",
    }),
    duplicatePolicy: t.field({
      type: DuplicatePolicyEnum,
      description: "Whether it may go to another provider when the first may already have it; absent: NEVER.",
    }),
    idempotencyKey: t.string({
      description:
        "Makes it safe to repeat a request. For 24 hours, the same key with the same input returns the same message; with " +
        "other input it is an `IdempotencyConflictError`.",
    }),
  }),
});

const SendMessagesInput = builder.inputType("SendMessagesInput", {
  description: "Several different messages.",
  fields: (t) => ({
    messages: t.field({
      type: [SendMessageInput],
      required: true,
      description: `1 to ${maxMessages} messages. Each succeeds or fails on its own.`,
    }),
    providerId: t.id({ description: "The provider for messages that name none." }),
  }),
});

const SendMessageResult = builder.errorUnion("SendMessageResult", {
  description: "The stored message, or why it was refused.",
  types: [
    Message,
    InvalidPhoneNumberError,
    RecipientSuppressedError,
    InvalidTextError,
    InvalidSenderError,
    InvalidScheduleError,
    InvalidInputError,
    NotFoundError,
    NoRouteError,
    CountryNotAllowedError,
    KeyRestrictedError,
    SpendingCapError,
    UnsupportedFeatureError,
    IdempotencyConflictError,
    QuotaExceededError,
  ],
});

/** A stored message, or one of the errors in the union. */
type SendResultShape = typeof SendMessageResult.$inferType;

export const SendMessagesSuccess = builder
  .objectRef<{ results: SendResultShape[] }>("SendMessagesSuccess")
  .implement({
    description: "The result of each message.",
    isTypeOf: (value) => typeof value === "object" && value !== null && "results" in value,
    fields: (t) => ({
      results: t.field({
        type: [SendMessageResult],
        description: "One result for each message, in the order given.",
        extensions: { cost: { multiplier: 100 } },
        resolve: ({ results }) => results,
      }),
    }),
  });

const SendMessagesResult = builder.errorUnion("SendMessagesResult", {
  description: "One result per message, or why none was processed.",
  types: [SendMessagesSuccess, InvalidInputError, QuotaExceededError],
});

const UpdateMessageInput = builder.inputType("UpdateMessageInput", {
  description: "What to change of a message. What is absent stays.",
  fields: (t) => ({
    id: t.id({ required: true, description: "Global id of the message." }),
    version: t.int({
      required: true,
      description: "The version that you saw. If it has another by now, nothing is changed.",
    }),
    text: t.string({ description: "The text." }),
    encoding: t.field({ type: TextEncodingChoice, description: "Which encoding to use; absent: AUTO." }),
    scheduledAt: t.field({
      type: "DateTime",
      description: "When to send it, if it is SCHEDULED; null: at once. A validity period moves with it.",
    }),
    validityMinutes: t.int({
      description: "Validity period in minutes, from the time of sending; null: none.",
    }),
    priority: t.field({ type: MessagePriorityEnum, description: "Which waiting messages are sent first." }),
  }),
});

const UpdateMessageResult = builder.errorUnion("UpdateMessageResult", {
  description: "The changed message, or why it was not changed.",
  types: [
    Message,
    NotFoundError,
    NotCancellableError,
    VersionConflictError,
    KeyRestrictedError,
    InvalidInputError,
    InvalidPhoneNumberError,
    InvalidTextError,
    InvalidSenderError,
    InvalidScheduleError,
    CountryNotAllowedError,
    NoRouteError,
    SpendingCapError,
    UnsupportedFeatureError,
  ],
});

const CancelMessageResult = builder.errorUnion("CancelMessageResult", {
  description: "The cancelled message, or why it was not cancelled.",
  types: [Message, InvalidInputError, NotFoundError, NotCancellableError],
});

type SendMessage = typeof SendMessageInput.$inferInput;

function toSendInput(input: SendMessage, fallbackProviderId?: string | null): SendInput {
  const providerId = input.providerId ?? fallbackProviderId;
  return {
    ...input,
    providerId: providerId == null ? null : decodeId("Provider", providerId, "providerId"),
  };
}

/** Sends, and reads only those messages that were stored before. Every returned message is committed. */
async function send(
  context: Context,
  inputs: readonly (SendInput | DomainError)[],
): Promise<SendResultShape[]> {
  const valid = inputs.filter((input) => !(input instanceof DomainError)) as SendInput[];
  const results = (
    await asSent(context, await context.sender.send(accountOf(context), valid, context.viewer?.restrictions))
  ).values();
  return inputs.map((input) =>
    input instanceof DomainError ? (input as SendResultShape) : (results.next().value as SendResultShape),
  );
}

/** What was sent, as the API answers it. */
export async function asSent(context: Context, sent: readonly SendResult[]): Promise<SendResultShape[]> {
  const accountId = accountOf(context);
  return Promise.all(
    sent.map(async (result) => {
      if ("error" in result) return result.error as SendResultShape;
      const message = result.message ?? (await context.reads.message(accountId, result.messageId));
      return Message.addBrand(message as MessageShape);
    }),
  );
}

builder.mutationFields((t) => ({
  sendMessage: t.field({
    type: SendMessageResult,
    description:
      "Stores a message and sends it. A returned message is committed and will be sent exactly once.",
    authScopes: { SEND: true },
    args: { input: t.arg({ type: SendMessageInput, required: true, description: "The message." }) },
    resolve: async (_root, { input }, context) => {
      context.quotas.requireStorage(context.viewer);
      const [result] = await send(context, [toSendInput(input)]);
      return result as SendResultShape;
    },
  }),
  sendMessages: t.field({
    type: SendMessagesResult,
    description: "Stores and sends several different messages, each on its own.",
    authScopes: { SEND: true },
    args: { input: t.arg({ type: SendMessagesInput, required: true, description: "The messages." }) },
    resolve: async (_root, { input }, context) => {
      const { messages, providerId } = input;
      if (messages.length === 0 || messages.length > maxMessages) {
        throw new InvalidInputError("messages", `Give 1 to ${maxMessages} messages, not ${messages.length}.`);
      }
      context.quotas.requireStorage(context.viewer);
      const inputs = messages.map((message) => orError(() => toSendInput(message, providerId)));
      return { results: await send(context, inputs) };
    },
  }),
  updateMessage: t.field({
    type: UpdateMessageResult,
    description:
      "Changes the text, time, validity or priority of a single message that is SCHEDULED or QUEUED. It is checked, routed and priced as " +
      "if it were sent now.",
    authScopes: { SEND: true },
    args: { input: t.arg({ type: UpdateMessageInput, required: true, description: "What to change." }) },
    resolve: async (_root, { input: { id, version, ...given } }, context) => {
      const messageId = decodeId("Message", id);
      const { text, scheduledAt, validityMinutes, encoding, priority } = given;
      const change = { text: text ?? undefined, scheduledAt, validityMinutes, encoding, priority };
      const { database, routingTables, spending, clock, viewer } = context;
      const options = { database, routingTables, spending, clock, within: viewer?.restrictions };
      await updateMessage(options, { accountId: accountOf(context), messageId }, version, change);
      return Message.addBrand(
        await context.database.prisma.message.findUniqueOrThrow({ where: { id: messageId } }),
      );
    },
  }),
  cancelMessage: t.field({
    type: CancelMessageResult,
    description: "Cancels a message that is SCHEDULED or QUEUED.",
    authScopes: { SEND: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the message." }) },
    resolve: async (_root, { id }, context) => {
      const messageId = decodeId("Message", id);
      await cancelMessage(context, accountOf(context), messageId);
      return Message.addBrand(
        await context.database.prisma.message.findUniqueOrThrow({ where: { id: messageId } }),
      );
    },
  }),
}));

function orError<Value>(work: () => Value): Value | DomainError {
  try {
    return work();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}
