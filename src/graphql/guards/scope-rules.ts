import type { Scope } from "../../access/api-keys.ts";

type Fields = "all" | readonly string[];

interface Rule {
  /** One of these scopes is needed. Empty: everyone who may select the root field may see it. */
  anyOf: readonly Scope[];
  types: Readonly<Record<string, Fields>>;
}

/**
 * The scopes that each type and field needs, however an operation reaches it. Everything not named here needs
 * READ, including fields that are added later. The fields of the root types check their scopes themselves.
 * A key without READ still sees the results of its own calls: what it just sent, connected or changed. None
 * of those fields lead to other data of the account.
 */
const rules: readonly Rule[] = [
  {
    anyOf: [],
    types: {
      Query: "all",
      Mutation: "all",
      Subscription: "all",
      Viewer: "all",
      Node: ["id"],
      PageInfo: "all",
      Money: "all",
      // A caller may see why its input was refused. Details about the account's providers and spending need
      // READ.
      Error: "all",
      InvalidPhoneNumberError: "all",
      InvalidTextError: "all",
      InvalidSenderError: "all",
      InvalidScheduleError: "all",
      InvalidInputError: "all",
      NotFoundError: "all",
      NoRouteError: ["code", "message"],
      NoRecipientsError: "all",
      RefusedRecipient: "all",
      CountryNotAllowedError: "all",
      SpendingCapError: ["code", "message"],
      UnsupportedFeatureError: "all",
      IdempotencyConflictError: "all",
      NotCancellableError: "all",
      CampaignEndedError: "all",
      LastAdminKeyError: "all",
      TooManyProvidersError: "all",
      TooManyWebhooksError: "all",
      ProviderUnavailableError: "all",
    },
  },
  {
    anyOf: ["READ", "SEND"],
    types: {
      SendMessagesSuccess: "all",
      Message: [
        "id",
        "status",
        "isFinal",
        "version",
        "segments",
        "encoding",
        "cursor",
        "createdAt",
        "updatedAt",
        "scheduledAt",
        "validUntil",
      ],
      Campaign: [
        "id",
        "status",
        "counts",
        "duplicatesRemoved",
        "refusedCount",
        "createdAt",
        "scheduledAt",
        "startedAt",
        "completedAt",
      ],
      CampaignCounts: ["total"],
      CampaignPreview: [
        "total",
        "segments",
        "duplicatesRemoved",
        "refused",
        "refusedRecipients",
        "messages",
        "countries",
      ],
      CampaignCountry: ["country", "recipients", "segments"],
      CampaignMessagePreview: "all",
    },
  },
  {
    anyOf: ["READ", "ADMIN"],
    types: {
      Provider: [
        "id",
        "kind",
        "name",
        "enabled",
        "priority",
        "defaultSender",
        "maxPerSecond",
        "maxConcurrent",
        "lowBalance",
        "capabilities",
        "callbackUrl",
      ],
      ProviderCapabilities: "all",
      ProviderCheck: "all",
      Balance: ["id", "fetchedAt"],
      RateChanges: "all",
      SetRoutingPoliciesSuccess: "all",
      RoutingPolicy: "all",
      PolicyRoute: "all",
      SpendingLimits: "all",
      SpendingCap: ["amount", "country", "period"],
    },
  },
  {
    anyOf: ["ADMIN"],
    types: {
      ApiKey: "all",
      ApiKeyConnection: "all",
      ApiKeyEdge: "all",
      CreatedApiKey: "all",
      Webhook: "all",
      WebhookConnection: "all",
      WebhookEdge: "all",
      WebhookFilter: "all",
      WebhookDelivery: "all",
      WebhookDeliveryConnection: "all",
      WebhookDeliveryEdge: "all",
      CreatedWebhook: "all",
      RotatedWebhookSecret: "all",
      WebhookTest: "all",
    },
  },
];

const readers: readonly Scope[] = ["READ"];

/**
 * The scopes of which a key needs one to select a field; empty when none is needed. Everyone can read the
 * schema itself.
 */
export function scopesFor(type: string, field: string): readonly Scope[] {
  if (field.startsWith("__") || type.startsWith("__")) return [];
  const rule = rules.find(({ types }) => {
    const fields = Object.hasOwn(types, type) ? types[type] : undefined;
    return fields === "all" || fields?.includes(field) === true;
  });
  return rule?.anyOf ?? readers;
}

/** The names of all types that have a rule. */
export const ruledTypes: readonly string[] = rules.flatMap(({ types }) => Object.keys(types));
