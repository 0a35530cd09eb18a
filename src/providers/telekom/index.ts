import type { ProviderAdapter, ProviderCapabilities } from "../provider.ts";
import { parseCallback } from "./callback.ts";
import { createClient } from "./client.ts";
import { secretKeys, settings, type TelekomSettings } from "./config.ts";
import { longestValidityMinutes, senderMaxDigits, senderMaxLength, senderProblem } from "./submit.ts";
import { served } from "./served.ts";

export type { TelekomSettings } from "./config.ts";

const capabilities: ProviderCapabilities = {
  receipts: "CALLBACK",
  receiptQueue: false,
  flash: true,
  scheduling: true,
  longestValidityMinutes,
  priority: true,
  unicodeControl: true,
  cadenceGroups: true,
  dltTemplates: false,
  numberLookup: true,
  inbound: "CALLBACK",
  balance: false,
  rates: false,
  // One request can carry several recipients, but the answer does not say which entry belongs to which.
  bulkSize: 1,
  senderMaxLength,
  senderMaxDigits,
  // No limit is documented; concatenated messages cannot have more segments than this.
  maxSegments: 255,
};

/** Telekom SK (SMS Direct, API v1), following its documentation. */
export const telekom = {
  kind: "TELEKOM",
  title: "Telekom SK",
  documentedBaseUrl: "https://smsapi.telekom.sk",
  settings,
  secretKeys,
  capabilities,
  served,
  senderProblem,
  createClient,
  parseCallback,
} satisfies ProviderAdapter<TelekomSettings>;
