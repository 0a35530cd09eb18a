import type { ProviderAdapter, ProviderCapabilities, RevisableStatus } from "../provider.ts";
import { bulkSize } from "./bulk.ts";
import { parseCallback } from "./callback.ts";
import { createClient } from "./client.ts";
import { secretKeys, settings, type TonkraSettings } from "./config.ts";
import { senderMaxDigits, senderMaxLength, senderProblem } from "./sender.ts";
import { served } from "./served.ts";

export type { TonkraSettings } from "./config.ts";

const capabilities: ProviderCapabilities = {
  receipts: "POLL",
  receiptQueue: false,
  flash: false,
  // The platform ignores the time for a single number and returns no ids for several (public clients).
  scheduling: false,
  longestValidityMinutes: null,
  priority: false,
  // `plain` becomes `unicode` by itself when the text needs it.
  unicodeControl: false,
  cadenceGroups: false,
  dltTemplates: true,
  numberLookup: false,
  inbound: "POLL",
  balance: true,
  rates: false,
  bulkSize,
  senderMaxLength,
  senderMaxDigits,
  // No limit is documented; concatenated messages cannot have more segments than this.
  maxSegments: 255,
};

/**
 * The platform reports `Delivered` when its gateway has accepted a message; a later report overwrites that.
 */
const revisable: RevisableStatus = {
  status: "DELIVERED",
  by: ["UNDELIVERED", "EXPIRED", "FAILED", "REJECTED"],
  withinHours: 72,
};

/**
 * Tonkra, following its documentation; where that has only placeholders, public clients of the same platform.
 */
export const tonkra = {
  kind: "TONKRA",
  title: "Tonkra",
  documentedBaseUrl: "https://sms.tonkra.com",
  settings,
  secretKeys,
  capabilities,
  served,
  revisable,
  senderProblem,
  createClient,
  parseCallback,
} satisfies ProviderAdapter<TonkraSettings>;
