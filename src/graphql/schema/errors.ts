import {
  AccountDeletingError,
  CountryNotAllowedError,
  KeyRestrictedError,
  restrictedTo,
  CampaignEndedError,
  type DomainError,
  VersionConflictError,
  RecipientSuppressedError,
  errorCodes,
  IdempotencyConflictError,
  InvalidInputError,
  InvalidPhoneNumberError,
  InvalidScheduleError,
  InvalidSenderError,
  InvalidTextError,
  LastAdminKeyError,
  NoRouteError,
  NotCancellableError,
  NotFoundError,
  OutcomeNotOpenError,
  ProviderUnavailableError,
  type ReachedCap,
  SpendingCapError,
  TooManyProvidersError,
  TooManyWebhooksError,
  UnsupportedFeatureError,
} from "../../lib/errors.ts";
import { builder } from "./builder.ts";
import { CapPeriodEnum } from "./pricing/cap-period.ts";
import { encodeId } from "../../lib/global-id.ts";
import { Money } from "./money.ts";
import { ProviderRejectionRef } from "./providers/rejection.ts";

export const ErrorCodeRef = builder.enumType("ErrorCode", {
  description: "What went wrong, as a stable word for programs.",
  values: Object.fromEntries(
    Object.entries(errorCodes).map(([code, description]) => [code, { description }]),
  ) as Record<keyof typeof errorCodes, { description: string }>,
});

export const ErrorInterface = builder.interfaceRef<DomainError>("Error").implement({
  description: "Every typed error. Selecting `... on Error { code message }` covers all of them.",
  fields: (t) => ({
    message: t.string({
      description: "What is wrong, where, and what to do next.",
      resolve: (error) => error.messageFor(encodeId),
    }),
    code: t.expose("code", { type: ErrorCodeRef, description: "What went wrong, for programs." }),
  }),
});

builder.objectType(AccountDeletingError, {
  name: "AccountDeletingError",
  description: errorCodes.ACCOUNT_DELETING,
  interfaces: [ErrorInterface],
});

builder.objectType(InvalidPhoneNumberError, {
  name: "InvalidPhoneNumberError",
  description: errorCodes.INVALID_PHONE_NUMBER,
  interfaces: [ErrorInterface],
  fields: (t) => ({ input: t.exposeString("input", { description: "The number as given." }) }),
});

builder.objectType(RecipientSuppressedError, {
  name: "RecipientSuppressedError",
  description: errorCodes.RECIPIENT_SUPPRESSED,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    number: t.exposeString("number", { description: "The number in E.164." }),
    reason: t.exposeString("reason", { nullable: true, description: "Why it is on the list." }),
    since: t.expose("since", { type: "DateTime", description: "Since when it is on the list." }),
  }),
});

builder.objectType(InvalidTextError, {
  name: "InvalidTextError",
  description: errorCodes.INVALID_TEXT,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    segments: t.exposeInt("segments", { nullable: true, description: "Segments the text would need." }),
    maxSegments: t.exposeInt("maxSegments", { nullable: true, description: "The most segments allowed." }),
  }),
});

builder.objectType(InvalidSenderError, {
  name: "InvalidSenderError",
  description: errorCodes.INVALID_SENDER,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    sender: t.exposeString("sender", { nullable: true, description: "The sender as given." }),
  }),
});

builder.objectType(InvalidScheduleError, {
  name: "InvalidScheduleError",
  description: errorCodes.INVALID_SCHEDULE,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    scheduledAt: t.expose("scheduledAt", { type: "DateTime", description: "The time as given." }),
  }),
});

builder.objectType(InvalidInputError, {
  name: "InvalidInputError",
  description: errorCodes.INVALID_INPUT,
  interfaces: [ErrorInterface],
  fields: (t) => ({ field: t.exposeString("field", { description: "Path of the value in the input." }) }),
});

builder.objectType(TooManyProvidersError, {
  name: "TooManyProvidersError",
  description: errorCodes.TOO_MANY_PROVIDERS,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    maxProviders: t.exposeInt("maxProviders", {
      description: "The most connected providers an account may have.",
    }),
  }),
});

builder.objectType(TooManyWebhooksError, {
  name: "TooManyWebhooksError",
  description: errorCodes.TOO_MANY_WEBHOOKS,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    maxWebhooks: t.exposeInt("maxWebhooks", { description: "The most webhooks an account may have." }),
  }),
});

builder.objectType(NotFoundError, {
  name: "NotFoundError",
  description: errorCodes.NOT_FOUND,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    id: t.id({
      description: "The id as given.",
      resolve: ({ type, localId }) => encodeId(type, localId),
    }),
  }),
});

builder.objectType(NoRouteError, {
  name: "NoRouteError",
  description: errorCodes.NO_ROUTE,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    rejected: t.field({
      type: [ProviderRejectionRef],
      description:
        "Every connected provider, and why it cannot carry the message; empty when none is connected.",
      resolve: ({ rejected }) => rejected,
    }),
  }),
});

const KeyRestriction = builder.enumType("KeyRestriction", {
  description: "What a key is restricted to.",
  values: restrictedTo,
});

builder.objectType(KeyRestrictedError, {
  name: "KeyRestrictedError",
  description: errorCodes.KEY_RESTRICTED,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    restriction: t.expose("restriction", {
      type: KeyRestriction,
      description: "Which restriction of the key it would break.",
    }),
  }),
});

builder.objectType(CountryNotAllowedError, {
  name: "CountryNotAllowedError",
  description: errorCodes.COUNTRY_NOT_ALLOWED,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    country: t.exposeString("country", {
      nullable: true,
      description: "The country, ISO 3166-1 alpha-2; null when the number does not show it.",
    }),
  }),
});

const ReachedCapRef = builder.objectRef<ReachedCap>("ReachedCap").implement({
  description: "A spending cap that a message would exceed.",
  fields: (t) => ({
    country: t.exposeString("country", {
      nullable: true,
      description: "The country of the cap; null for all countries together.",
    }),
    period: t.expose("period", { type: CapPeriodEnum, description: "The period of the cap." }),
    amount: t.field({ type: Money, description: "The most that may be spent.", resolve: (cap) => cap }),
    spent: t.field({
      type: Money,
      description: "How much of it has been spent.",
      resolve: ({ spent, currency }) => ({ amount: spent, currency }),
    }),
  }),
});

builder.objectType(SpendingCapError, {
  name: "SpendingCapError",
  description: errorCodes.SPENDING_CAP_REACHED,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    cap: t.expose("cap", {
      type: ReachedCapRef,
      nullable: true,
      description:
        "The cap; null when no cap can count the message: its price is unknown, or in another currency.",
    }),
  }),
});

builder.objectType(UnsupportedFeatureError, {
  name: "UnsupportedFeatureError",
  description: errorCodes.UNSUPPORTED_FEATURE,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    feature: t.exposeString("feature", {
      description: "The input field that asked for the unsupported feature.",
    }),
  }),
});

builder.objectType(IdempotencyConflictError, {
  name: "IdempotencyConflictError",
  description: errorCodes.IDEMPOTENCY_CONFLICT,
  interfaces: [ErrorInterface],
  fields: (t) => ({
    idempotencyKey: t.exposeString("idempotencyKey", { description: "The idempotency key." }),
    messageId: t.id({
      nullable: true,
      description: "Id of the message with this key; null when it is a campaign.",
      resolve: ({ messageId }) => messageId && encodeId("Message", messageId),
    }),
    campaignId: t.id({
      nullable: true,
      description: "Id of the campaign with this key; null when it is a message.",
      resolve: ({ campaignId }) => campaignId && encodeId("Campaign", campaignId),
    }),
  }),
});

builder.objectType(NotCancellableError, {
  name: "NotCancellableError",
  description: errorCodes.NOT_CANCELLABLE,
  interfaces: [ErrorInterface],
});

builder.objectType(VersionConflictError, {
  name: "VersionConflictError",
  description: errorCodes.VERSION_CONFLICT,
  interfaces: [ErrorInterface],
  fields: (t) => ({ version: t.exposeInt("version", { description: "Its version now." }) }),
});

builder.objectType(OutcomeNotOpenError, {
  name: "OutcomeNotOpenError",
  description: errorCodes.OUTCOME_NOT_OPEN,
  interfaces: [ErrorInterface],
});

builder.objectType(LastAdminKeyError, {
  name: "LastAdminKeyError",
  description: errorCodes.LAST_ADMIN_KEY,
  interfaces: [ErrorInterface],
});

builder.objectType(CampaignEndedError, {
  name: "CampaignEndedError",
  description: errorCodes.CAMPAIGN_ENDED,
  interfaces: [ErrorInterface],
});

builder.objectType(ProviderUnavailableError, {
  name: "ProviderUnavailableError",
  description: "The provider did not answer, or its answer could not be used.",
  interfaces: [ErrorInterface],
});
