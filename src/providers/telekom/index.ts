import type { ProviderAdapter, ProviderCapabilities } from "../provider.ts";
import { parseCallback } from "./callback.ts";
import { createClient } from "./client.ts";
import { secretKeys, settings, type TelekomSettings } from "./config.ts";
import { longestValidityMinutes, senderMaxDigits, senderMaxLength, senderProblem } from "./submit.ts";

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
  balance: false,
  rates: false,
  // Several recipients fit into one request, but its answer does not say which entry is whose.
  bulkSize: 1,
  senderMaxLength,
  senderMaxDigits,
  // No limit is documented; this is as far as the numbering of concatenated messages goes.
  maxSegments: 255,
};

/** Telekom SK (SMS Direct, API v1), by its documentation. */
export const telekom = {
  kind: "TELEKOM",
  title: "Telekom SK",
  documentedBaseUrl: "https://smsapi.telekom.sk",
  settings,
  secretKeys,
  capabilities,
  senderProblem,
  createClient,
  parseCallback,
} satisfies ProviderAdapter<TelekomSettings>;
