import type { ProviderAdapter, ProviderCapabilities } from "../provider.ts";
import { bulkSize } from "./bulk.ts";
import { parseCallback } from "./callback.ts";
import { createClient } from "./client.ts";
import { secretKeys, settings, type TikosmsSettings } from "./config.ts";
import { senderMaxLength, senderProblem } from "./submit.ts";
import { served } from "./served.ts";

export { sameNetwork } from "./account.ts";
export type { TikosmsSettings } from "./config.ts";

const capabilities: ProviderCapabilities = {
  receipts: "CALLBACK",
  receiptQueue: false,
  flash: false,
  // Only bulk requests can be scheduled, and scheduled messages cannot be cancelled.
  scheduling: false,
  longestValidityMinutes: null,
  priority: false,
  unicodeControl: false,
  cadenceGroups: false,
  dltTemplates: false,
  numberLookup: false,
  inbound: "NONE",
  balance: true,
  rates: true,
  bulkSize,
  senderMaxLength,
  senderMaxDigits: senderMaxLength,
  // No limit is documented; concatenated messages cannot have more segments than this.
  maxSegments: 255,
};

/** TikoSMS, following its documentation and OpenAPI file. */
export const tikosms = {
  kind: "TIKOSMS",
  title: "TikoSMS",
  documentedBaseUrl: "https://api.tikosms.com",
  settings,
  secretKeys,
  capabilities,
  served,
  senderProblem,
  createClient,
  parseCallback,
} satisfies ProviderAdapter<TikosmsSettings>;
