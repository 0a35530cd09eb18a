import type { ProviderAdapter, ProviderCapabilities } from "../provider.ts";
import { bulkSize } from "./bulk.ts";
import { parseCallback } from "./callback.ts";
import { createClient } from "./client.ts";
import { type QikliSettings, secretKeys, settings } from "./config.ts";
import { longestValidityMinutes } from "./request.ts";
import { senderMaxDigits, senderMaxLength, senderProblem } from "./submit.ts";
import { served } from "./served.ts";

export type { QikliSettings } from "./config.ts";

const capabilities: ProviderCapabilities = {
  // Pushed to the message's notify URL. Receipts that were not pushed wait in the queue.
  receipts: "CALLBACK",
  receiptQueue: true,
  flash: true,
  // The platform's `sendAt`. A message it has scheduled cannot be cancelled.
  scheduling: true,
  longestValidityMinutes,
  priority: false,
  unicodeControl: false,
  cadenceGroups: false,
  dltTemplates: false,
  numberLookup: false,
  inbound: "NONE",
  balance: false,
  rates: false,
  bulkSize,
  senderMaxLength,
  senderMaxDigits,
  maxSegments: 25,
};

/**
 * Qikli, following its documentation; where that is silent, the older generation of the platform it runs on.
 */
export const qikli = {
  kind: "QIKLI",
  title: "Qikli",
  documentedBaseUrl: "https://api.sms.qikli.com",
  settings,
  secretKeys,
  capabilities,
  served,
  senderProblem,
  createClient,
  parseCallback,
} satisfies ProviderAdapter<QikliSettings>;
