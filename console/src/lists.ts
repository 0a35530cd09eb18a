import type { OperationContext } from "urql";

/** An empty list shows no type, so the cache cannot know by itself that a new object of this type belongs in it. */
const listOf = (typename: string): Partial<OperationContext> => ({ additionalTypenames: [typename] });

export const ofProviders = listOf("Provider");
export const ofWebhooks = listOf("Webhook");
export const ofSuppressions = listOf("Suppression");
export const ofCampaigns = listOf("Campaign");
export const ofKeys = listOf("ApiKey");
export const ofWatchTokens = listOf("IssuedWatchToken");
export const ofReceipts = listOf("ReceivedCallback");
