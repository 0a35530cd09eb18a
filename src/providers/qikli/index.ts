import type { ProviderAdapter, ProviderCapabilities } from "../provider.ts";
import { bulkSize } from "./bulk.ts";
import { parseCallback } from "./callback.ts";
import { createClient } from "./client.ts";
import { type QikliSettings, secretKeys, settings } from "./config.ts";
import { longestValidityMinutes } from "./request.ts";
import { senderMaxDigits, senderMaxLength, senderProblem } from "./submit.ts";

export type { QikliSettings } from "./config.ts";

const capabilities: ProviderCapabilities = {
  // Pushed to the message's notify URL; what was not pushed waits to be drained.
  receipts: "CALLBACK",
  receiptQueue: true,
  flash: true,
  // The platform's `sendAt`. Nothing that it holds can be cancelled.
  scheduling: true,
  longestValidityMinutes,
  priority: false,
  unicodeControl: false,
  cadenceGroups: false,
  dltTemplates: false,
  numberLookup: false,
  balance: false,
  rates: false,
  bulkSize,
  senderMaxLength,
  senderMaxDigits,
  maxSegments: 25,
};

/** Qikli, by its documentation and, where that is silent, the older generation of the platform it runs on. */
export const qikli = {
  kind: "QIKLI",
  title: "Qikli",
  documentedBaseUrl: "https://api.sms.qikli.com",
  settings,
  secretKeys,
  capabilities,
  senderProblem,
  createClient,
  parseCallback,
} satisfies ProviderAdapter<QikliSettings>;
