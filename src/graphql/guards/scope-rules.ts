import type { Scope } from "../../access/api-keys.ts";

type Fields = "all" | readonly string[];

interface Rule {
  /** One of these is needed; none: whoever was let in at the root may see it. */
  anyOf: readonly Scope[];
  types: Readonly<Record<string, Fields>>;
}

/**
 * Who may select what, whichever way an operation gets there. Everything that is not named here needs READ, also what
 * is added later. Fields of the root types ask for their scopes themselves.
 *
 * A key without READ still sees its own results: what it just sent, connected or changed. None of those fields leads
 * to what others of the account did.
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
      // Why a caller's own input was refused; what that tells of the account's providers and spending needs READ.
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
    types: { ApiKey: "all", ApiKeyConnection: "all", ApiKeyEdge: "all", CreatedApiKey: "all" },
  },
];

const readers: readonly Scope[] = ["READ"];

/** The scopes of which a key needs one to select a field; empty: none. The schema itself can be read by anyone. */
export function scopesFor(type: string, field: string): readonly Scope[] {
  if (field.startsWith("__") || type.startsWith("__")) return [];
  const rule = rules.find(({ types }) => {
    const fields = Object.hasOwn(types, type) ? types[type] : undefined;
    return fields === "all" || fields?.includes(field) === true;
  });
  return rule?.anyOf ?? readers;
}

/** The names of all types that a rule is for. */
export const ruledTypes: readonly string[] = rules.flatMap(({ types }) => Object.keys(types));
