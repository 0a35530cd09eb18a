import type { Right } from "../../access/scopes.ts";

type Fields = "all" | readonly string[];

interface Rule {
  /** One of these scopes is needed. Empty: everyone who may select the root field may see it. */
  anyOf: readonly Right[];
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
      RateLimit: "all",
      Quota: "all",
      KeyRestrictions: "all",
      QuotaExceededError: "all",
      Node: ["id"],
      PageInfo: "all",
      Money: "all",
      // A caller may see why its input was refused. Details about the account's providers and spending need
      // READ.
      Error: "all",
      InvalidPhoneNumberError: "all",
      RecipientSuppressedError: "all",
      InvalidTextError: "all",
      InvalidSenderError: "all",
      InvalidScheduleError: "all",
      InvalidInputError: "all",
      NotFoundError: "all",
      NoRouteError: ["code", "message"],
      NoRecipientsError: "all",
      RowsRefusedError: "all",
      RefusedRecipient: "all",
      CountryNotAllowedError: "all",
      KeyRestrictedError: "all",
      SpendingCapError: ["code", "message"],
      UnsupportedFeatureError: "all",
      IdempotencyConflictError: "all",
      NotCancellableError: "all",
      OutcomeNotOpenError: "all",
      CampaignEndedError: "all",
      VersionConflictError: "all",
      LastAdminKeyError: "all",
      AccountDeletingError: "all",
      TooManyProvidersError: "all",
      TooManyWebhooksError: "all",
      ProviderUnavailableError: "all",
    },
  },
  {
    anyOf: ["READ", "SEND"],
    types: {
      SendMessagesSuccess: "all",
      Suppression: "all",
      UnsuppressedNumber: "all",
      ImportedSuppressions: "all",
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
    },
  },
  {
    anyOf: ["READ", "CAMPAIGNS"],
    types: {
      Campaign: [
        "id",
        "status",
        "counts",
        "duplicatesRemoved",
        "refusedCount",
        "suppressedCount",
        "version",
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
        "suppressedCount",
        "refusedRecipients",
        "messages",
        "countries",
        "duplicateRecipients",
        "file",
      ],
      DuplicateRecipient: "all",
      CampaignFile: "all",
      CampaignFileColumn: "all",
      CampaignCountry: ["country", "recipients", "segments"],
      CampaignMessagePreview: "all",
      CampaignFileHead: "all",
    },
  },
  {
    anyOf: ["READ", "SEND"],
    types: { HandledMessages: "all" },
  },
  {
    anyOf: ["READ", "PROVIDERS", "BILLING"],
    types: { Provider: ["id", "kind", "name"] },
  },
  {
    anyOf: ["READ", "PROVIDERS"],
    types: {
      Provider: [
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
      SetRoutingPoliciesSuccess: "all",
      RoutingPolicy: "all",
      PolicyRoute: "all",
    },
  },
  {
    anyOf: ["READ", "BILLING"],
    types: {
      Balance: "all",
      Rate: "all",
      RateConnection: "all",
      RateEdge: "all",
      RateChanges: "all",
      SpendingLimits: "all",
      SpendingCap: "all",
    },
  },
  {
    anyOf: ["OPERATOR"],
    types: {
      Account: "all",
      AccountConnection: "all",
      AccountEdge: "all",
      AccountDeletion: "all",
      CreatedAccount: "all",
    },
  },
  { anyOf: ["KEYS", "OPERATOR"], types: { ApiKeyLimits: "all" } },
  {
    anyOf: ["KEYS"],
    types: {
      ApiKey: "all",
      ApiKeyConnection: "all",
      ApiKeyEdge: "all",
      CreatedApiKey: "all",
      IssuedWatchToken: "all",
      IssuedWatchTokenConnection: "all",
      IssuedWatchTokenEdge: "all",
    },
  },
  {
    anyOf: ["WEBHOOKS"],
    types: {
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
  {
    anyOf: ["ADMIN"],
    types: {
      ReceivedCallback: "all",
      ReceivedCallbackConnection: "all",
      ReceivedCallbackEdge: "all",
      ReadReceipt: "all",
      ReprocessedReceipts: "all",
      AuditEntry: "all",
      AuditActor: "all",
      AuditEntryConnection: "all",
      AuditEntryEdge: "all",
    },
  },
];

const readers: readonly Right[] = ["READ"];

/**
 * The scopes of which a key needs one to select a field; empty when none is needed. Everyone can read the
 * schema itself.
 */
export function scopesFor(type: string, field: string): readonly Right[] {
  if (field.startsWith("__") || type.startsWith("__")) return [];
  const rule = rules.find(({ types }) => {
    const fields = Object.hasOwn(types, type) ? types[type] : undefined;
    return fields === "all" || fields?.includes(field) === true;
  });
  return rule?.anyOf ?? readers;
}

/** The names of all types that have a rule. */
export const ruledTypes: readonly string[] = rules.flatMap(({ types }) => Object.keys(types));
