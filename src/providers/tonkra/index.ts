import type { ProviderAdapter, ProviderCapabilities, RevisableStatus } from "../provider.ts";
import { bulkSize } from "./bulk.ts";
import { parseCallback } from "./callback.ts";
import { createClient } from "./client.ts";
import { secretKeys, settings, type TonkraSettings } from "./config.ts";
import { senderMaxDigits, senderMaxLength, senderProblem } from "./sender.ts";

export type { TonkraSettings } from "./config.ts";

const capabilities: ProviderCapabilities = {
  receipts: "POLL",
  receiptQueue: false,
  flash: false,
  // The platform ignores the time for a single number, and gives no ids for several (public clients).
  scheduling: false,
  longestValidityMinutes: null,
  priority: false,
  // `plain` becomes `unicode` by itself.
  unicodeControl: false,
  cadenceGroups: false,
  dltTemplates: true,
  numberLookup: false,
  balance: true,
  rates: false,
  bulkSize,
  senderMaxLength,
  senderMaxDigits,
  // No limit is documented; this is as far as the numbering of concatenated messages goes.
  maxSegments: 255,
};

/** The platform writes `Delivered` when its gateway has accepted a message; a later report overwrites that. */
const revisable: RevisableStatus = {
  status: "DELIVERED",
  by: ["UNDELIVERED", "EXPIRED", "FAILED", "REJECTED"],
  withinHours: 72,
};

/** Tonkra, by its documentation and, where that prints placeholders, by public clients of the same platform. */
export const tonkra = {
  kind: "TONKRA",
  title: "Tonkra",
  documentedBaseUrl: "https://sms.tonkra.com",
  settings,
  secretKeys,
  capabilities,
  revisable,
  senderProblem,
  createClient,
  parseCallback,
} satisfies ProviderAdapter<TonkraSettings>;
