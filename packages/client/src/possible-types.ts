// Printed from schema.graphql by codegen.ts.

/** Which types a union or interface may be, for `InMemoryCache` of Apollo Client. */
export const possibleTypes: Readonly<Record<string, string[]>> = {
  CampaignResult: ["Campaign","CampaignEndedError","InvalidInputError","NotFoundError"],
  CancelMessageResult: ["InvalidInputError","Message","NotCancellableError","NotFoundError"],
  CheckProviderResult: ["InvalidInputError","NotFoundError","ProviderCheck"],
  ConnectProviderResult: ["InvalidInputError","Provider","TooManyProvidersError"],
  CreateApiKeyResult: ["CreatedApiKey","InvalidInputError"],
  CreateCampaignResult: ["Campaign","CampaignPreview","IdempotencyConflictError","InvalidInputError","InvalidScheduleError","InvalidSenderError","InvalidTextError","NoRecipientsError","NoRouteError","NotFoundError","SpendingCapError","UnsupportedFeatureError"],
  CreateWatchTokenResult: ["InvalidInputError","NotFoundError","WatchToken"],
  DisconnectProviderResult: ["InvalidInputError","NotFoundError","Provider"],
  Error: ["CampaignEndedError","CountryNotAllowedError","IdempotencyConflictError","InvalidInputError","InvalidPhoneNumberError","InvalidScheduleError","InvalidSenderError","InvalidTextError","LastAdminKeyError","NoRecipientsError","NoRouteError","NotCancellableError","NotFoundError","ProviderUnavailableError","SpendingCapError","TooManyProvidersError","UnsupportedFeatureError"],
  MessageEventFrame: ["CaughtUp","MessageEventBatch","StreamReset"],
  Node: ["ApiKey","Balance","Campaign","Message","MessageEvent","Provider","Rate"],
  RefreshBalanceResult: ["Balance","InvalidInputError","NotFoundError","ProviderUnavailableError","UnsupportedFeatureError"],
  RefreshRatesResult: ["InvalidInputError","NotFoundError","ProviderUnavailableError","RateChanges","UnsupportedFeatureError"],
  RevokeApiKeyResult: ["ApiKey","InvalidInputError","LastAdminKeyError","NotFoundError"],
  RotateCallbackSecretResult: ["InvalidInputError","NotFoundError","Provider"],
  SendMessageResult: ["CountryNotAllowedError","IdempotencyConflictError","InvalidInputError","InvalidPhoneNumberError","InvalidScheduleError","InvalidSenderError","InvalidTextError","Message","NoRouteError","NotFoundError","SpendingCapError","UnsupportedFeatureError"],
  SendMessagesResult: ["InvalidInputError","SendMessagesSuccess"],
  SetRatesResult: ["InvalidInputError","NotFoundError","RateChanges"],
  SetRoutingPoliciesResult: ["InvalidInputError","NotFoundError","SetRoutingPoliciesSuccess"],
  SetSpendingLimitsResult: ["InvalidInputError","SpendingLimits"],
  UpdateProviderResult: ["InvalidInputError","NotFoundError","Provider"],
};
