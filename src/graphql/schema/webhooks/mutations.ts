import type { Webhook as WebhookRow } from "../../../database/generated/client.ts";
import {
  InvalidCursorError,
  InvalidInputError,
  NotFoundError,
  TooManyWebhooksError,
} from "../../../lib/errors.ts";
import { decodeId } from "../../../lib/global-id.ts";
import { decodeCursor } from "../../../messages/log/event-log.ts";
import type { Answer } from "../../../webhooks/endpoints.ts";
import { maxBatchSize, maxWebhookName, maxWebhookUrl } from "../../../webhooks/settings.ts";
import type { WebhookOwner } from "../../../webhooks/owner.ts";
import { overlapHours } from "../../../webhooks/signing.ts";
import { accountOf, type Context } from "../../context.ts";
import { builder } from "../builder.ts";
import { checkTargets, MessageEventFilter, toFilter } from "../messages/event-filter.ts";
import { Webhook, WebhookStreamEnum } from "./webhook.ts";

const CreateWebhookInput = builder.inputType("CreateWebhookInput", {
  description: "A new webhook.",
  fields: (t) => ({
    url: t.string({
      required: true,
      description: `Where events are posted: an https address of at most ${maxWebhookUrl} characters.`,
    }),
    name: t.string({
      required: true,
      description: `Your name for it, 1 to ${maxWebhookName} characters.`,
    }),
    stream: t.field({
      type: WebhookStreamEnum,
      required: true,
      defaultValue: "MESSAGES",
      description: "What it delivers.",
    }),
    filter: t.field({
      type: MessageEventFilter,
      description: "Which events of messages it delivers; absent: all.",
    }),
    batchSize: t.int({
      required: true,
      defaultValue: 1,
      description: `The most events in one request, 1 to ${maxBatchSize}. With more than 1, each request carries a list.`,
    }),
    withoutTexts: t.boolean({
      required: true,
      defaultValue: false,
      description: "Leave out the texts of messages.",
    }),
  }),
});

const UpdateWebhookInput = builder.inputType("UpdateWebhookInput", {
  description: "Changes of a webhook. Absent fields stay as they are.",
  fields: (t) => ({
    id: t.id({ required: true, description: "Global id of the webhook." }),
    url: t.string({ description: "Where events are posted from now on." }),
    name: t.string({ description: `Your name for it, 1 to ${maxWebhookName} characters.` }),
    filter: t.field({
      type: MessageEventFilter,
      description: "Which events it delivers from now on; it replaces the whole filter. Null: all.",
    }),
    batchSize: t.int({ description: `The most events in one request, 1 to ${maxBatchSize}.` }),
    withoutTexts: t.boolean({ description: "Whether the texts of messages are left out." }),
    enabled: t.boolean({
      description:
        "False stops it; true lets it continue with the first event that was not delivered, for as long as events are kept.",
    }),
  }),
});

const ReplayWebhookInput = builder.inputType("ReplayWebhookInput", {
  description: "From where to deliver again. Give exactly one of `after` and `since`.",
  fields: (t) => ({
    id: t.id({ required: true, description: "Global id of the webhook." }),
    after: t.field({ type: "Cursor", description: "Everything after this position in the event log." }),
    since: t.field({
      type: "DateTime",
      description:
        "Everything that smsgraph has learned since then. Events of the minute before may come too.",
    }),
  }),
});

interface WithSecret {
  webhook: WebhookRow;
  secret: string;
}

const hasSecret = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "secret" in value;

const CreatedWebhook = builder.objectRef<WithSecret>("CreatedWebhook").implement({
  description: "A new webhook. This is the only time its secret is shown.",
  isTypeOf: hasSecret,
  fields: (t) => ({
    secret: t.exposeString("secret", {
      description:
        "Signs the requests, as Standard Webhooks defines it: `whsec_…`. Store it: it is not shown again.",
    }),
    webhook: t.expose("webhook", { type: Webhook, description: "The webhook." }),
  }),
});

const RotatedWebhookSecret = builder.objectRef<WithSecret>("RotatedWebhookSecret").implement({
  description: "A webhook with its new secret. This is the only time it is shown.",
  isTypeOf: hasSecret,
  fields: (t) => ({
    secret: t.exposeString("secret", { description: "The new secret. Store it: it is not shown again." }),
    webhook: t.expose("webhook", { type: Webhook, description: "The webhook." }),
  }),
});

const WebhookTest = builder.objectRef<Answer>("WebhookTest").implement({
  description: "The result of a test request.",
  isTypeOf: (value) => typeof value === "object" && value !== null && "latencyMs" in value,
  fields: (t) => ({
    delivered: t.boolean({
      description: "Whether the endpoint took it: it answered 2xx.",
      resolve: ({ kind }) => kind === "delivered",
    }),
    responseCode: t.int({
      nullable: true,
      description: "The HTTP status of the answer; null without one.",
      resolve: ({ responseCode }) => responseCode ?? null,
    }),
    latencyMilliseconds: t.exposeInt("latencyMs", { description: "How long it took, in milliseconds." }),
    problem: t.string({
      nullable: true,
      description: "Why it was not taken, for people; null when it was.",
      resolve: ({ problem }) => problem ?? null,
    }),
  }),
});

const CreateWebhookResult = builder.errorUnion("CreateWebhookResult", {
  description: "The new webhook, or why it was not created.",
  types: [CreatedWebhook, InvalidInputError, NotFoundError, TooManyWebhooksError],
});

const changeResult = (name: string, description: string) =>
  builder.errorUnion(name, { description, types: [Webhook, InvalidInputError, NotFoundError] });

const UpdateWebhookResult = changeResult(
  "UpdateWebhookResult",
  "The webhook after the change, or why it was not changed.",
);
const DeleteWebhookResult = changeResult(
  "DeleteWebhookResult",
  "The webhook that was deleted, as it was last, or why it was not.",
);
const ReplayWebhookResult = changeResult(
  "ReplayWebhookResult",
  "The webhook with its new position, or why it was not changed.",
);

const RotateWebhookSecretResult = builder.errorUnion("RotateWebhookSecretResult", {
  description: "The webhook and its new secret, or why it was not changed.",
  types: [RotatedWebhookSecret, InvalidInputError, NotFoundError],
});

const SendTestWebhookResult = builder.errorUnion("SendTestWebhookResult", {
  description: "What the endpoint answered, or why nothing was sent.",
  types: [WebhookTest, InvalidInputError, NotFoundError],
});

const ownerOf = (context: Context): WebhookOwner => ({
  accountId: accountOf(context),
  readsAudit: context.viewer?.scopes.has("ADMIN") ?? false,
});

/** @throws InvalidCursorError */
function positionOf(after: string | null | undefined) {
  if (after == null) return undefined;
  const position = decodeCursor(after);
  if (!position) throw new InvalidCursorError("after");
  return position;
}

builder.mutationFields((t) => ({
  createWebhook: t.field({
    type: CreateWebhookResult,
    description:
      "Creates a webhook: events from now on are posted to its URL, signed as Standard Webhooks defines it, at least once " +
      "and in order for each message. One for the audit log needs the scope ADMIN, as does changing it. Only this answer contains its secret.",
    authScopes: { WEBHOOKS: true },
    args: { input: t.arg({ type: CreateWebhookInput, required: true, description: "The new webhook." }) },
    resolve: async (_root, { input }, context) => {
      const filter = toFilter(context, input.filter);
      await checkTargets(context, filter);
      return context.webhooks.create(ownerOf(context), { ...input, filter });
    },
  }),
  updateWebhook: t.field({
    type: UpdateWebhookResult,
    description:
      "Changes a webhook, for requests that begin a moment later, at most a second. One whose endpoint failed is tried " +
      "again then. What was sent in the moment of the change may be repeated.",
    authScopes: { WEBHOOKS: true },
    args: { input: t.arg({ type: UpdateWebhookInput, required: true, description: "What to change." }) },
    resolve: async (_root, { input }, context) => {
      const { name, url, batchSize, withoutTexts, enabled } = input;
      const filter = input.filter === undefined ? undefined : toFilter(context, input.filter);
      if (filter) await checkTargets(context, filter);
      const webhook = await context.webhooks.update(ownerOf(context), decodeId("Webhook", input.id), {
        ...(name != null && { name }),
        ...(url != null && { url }),
        ...(filter && { filter }),
        ...(batchSize != null && { batchSize }),
        ...(withoutTexts != null && { withoutTexts }),
        ...(enabled != null && { enabled }),
      });
      return Webhook.addBrand(webhook);
    },
  }),
  deleteWebhook: t.field({
    type: DeleteWebhookResult,
    description:
      "Deletes a webhook with its deliveries. Nothing more is posted to it after at most a second.",
    authScopes: { WEBHOOKS: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the webhook." }) },
    resolve: async (_root, { id }, context) =>
      Webhook.addBrand(await context.webhooks.delete(ownerOf(context), decodeId("Webhook", id))),
  }),
  rotateWebhookSecret: t.field({
    type: RotateWebhookSecretResult,
    description: `Gives a webhook a new secret. For ${overlapHours} hours both sign. Only this answer contains the new one.`,
    authScopes: { WEBHOOKS: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the webhook." }) },
    resolve: (_root, { id }, context) =>
      context.webhooks.rotateSecret(ownerOf(context), decodeId("Webhook", id)),
  }),
  sendTestWebhook: t.field({
    type: SendTestWebhookResult,
    description:
      "Posts a signed request of the type `webhook.test` at once, also to a disabled webhook. It is not repeated. An account may " +
      "do so 20 times at once, and then every five seconds.",
    authScopes: { WEBHOOKS: true },
    args: { id: t.arg.id({ required: true, description: "Global id of the webhook." }) },
    resolve: (_root, { id }, context) => context.webhooks.test(ownerOf(context), decodeId("Webhook", id)),
  }),
  replayWebhook: t.field({
    type: ReplayWebhookResult,
    description:
      "Delivers again what was logged since a position or a time, for as long as events are kept. Each event has the same " +
      "`webhook-id` as before, so a receiver that drops repeats gets only what it has missed.",
    authScopes: { WEBHOOKS: true },
    args: { input: t.arg({ type: ReplayWebhookInput, required: true, description: "From where." }) },
    resolve: async (_root, { input: { id, after, since } }, context) => {
      const start = { after: positionOf(after), since: since ?? undefined };
      return Webhook.addBrand(
        await context.webhooks.replay(ownerOf(context), decodeId("Webhook", id), start),
      );
    },
  }),
}));
