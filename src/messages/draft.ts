import { createHash } from "node:crypto";
import type { Connection } from "../connections/connections.ts";
import {
  InvalidInputError,
  InvalidScheduleError,
  InvalidSenderError,
  InvalidTextError,
  NoRouteError,
  NotFoundError,
  UnsupportedFeatureError,
} from "../errors.ts";
import { estimateCost } from "../pricing/cost.ts";
import type { RateBook } from "../pricing/rate-book.ts";
import type { DecimalText, E164 } from "../providers/provider.ts";
import { isStorable, storable } from "../storable.ts";
import { newMessageId } from "./message-id.ts";
import { parseRecipient } from "./phone.ts";
import { measure, measureAs, toGsm7, type TextEncoding } from "./text.ts";

export type MessagePriority = "LOW" | "NORMAL" | "HIGH";

/** What a caller asks to be sent; ids are our own (UUIDs), not the API's. */
export interface SendInput {
  to: string;
  text: string;
  from?: string | null | undefined;
  providerId?: string | null | undefined;
  clientRef?: string | null | undefined;
  scheduledAt?: Date | null | undefined;
  validityMinutes?: number | null | undefined;
  priority?: MessagePriority | null | undefined;
  flash?: boolean | null | undefined;
  encoding?: "AUTO" | TextEncoding | null | undefined;
  cadenceGroupId?: string | null | undefined;
  dltTemplateId?: string | null | undefined;
  idempotencyKey?: string | null | undefined;
}

/** What is asked for, whoever it goes to. */
type Wishes = Omit<SendInput, "to">;

/** A checked message, ready to be stored. */
export interface MessageDraft {
  id: string;
  accountId: string;
  providerId: string;
  recipient: E164;
  sender: string;
  text: string;
  encoding: TextEncoding;
  segments: number;
  flash: boolean;
  priority: MessagePriority;
  country: string | null;
  clientRef: string | null;
  scheduledAt: Date | null;
  validUntil: Date | null;
  cadenceGroupId: string | null;
  dltTemplateId: string | null;
  createdAt: Date;
  idempotencyKey: string | null;
  /** What it will cost by the rate of its provider now; null without a rate. */
  estimatedCost: DecimalText | null;
  estimatedCurrency: string | null;
  /** What the idempotency key stands for. */
  fingerprint: string;
}

export const longestReference = 255;
const longestScheduleDays = 366;
const minuteMs = 60_000;

/**
 * Checks everything that can be known before a message is stored.
 * @throws DomainError what is wrong with the input, and what to do
 */
export function draftMessage(
  accountId: string,
  input: SendInput,
  routes: readonly Connection[],
  book: RateBook,
  now: Date,
): MessageDraft {
  const { to, country } = parseRecipient(input.to);
  checkReferences(input);
  const scheduledAt = checkSchedule(input.scheduledAt ?? null, now);
  const route = chooseRoute(input, routes);
  const text = encode(input, route);
  const cost = estimateCost(book, { providerId: route.row.id, country, segments: text.segments }, now);
  return {
    id: newMessageId(now),
    accountId,
    providerId: route.row.id,
    recipient: to,
    sender: chooseSender(input, text.text, route),
    ...text,
    flash: input.flash ?? false,
    priority: input.priority ?? "NORMAL",
    country,
    clientRef: input.clientRef ?? null,
    scheduledAt,
    validUntil: checkValidity(input.validityMinutes ?? null, scheduledAt ?? now, route),
    cadenceGroupId: input.cadenceGroupId ?? null,
    dltTemplateId: input.dltTemplateId ?? null,
    createdAt: now,
    idempotencyKey: input.idempotencyKey ?? null,
    estimatedCost: cost?.amount ?? null,
    estimatedCurrency: cost?.currency ?? null,
    fingerprint: fingerprint(input),
  };
}

function checkReferences(input: SendInput): void {
  for (const field of ["clientRef", "idempotencyKey", "from", "cadenceGroupId", "dltTemplateId"] as const) {
    const value = input[field];
    if (value == null) continue;
    if (value.length === 0 || value.length > longestReference) {
      throw new InvalidInputError(field, `\`${field}\` must have 1 to ${longestReference} characters.`);
    }
    storable(value, field);
  }
}

export function checkSchedule(scheduledAt: Date | null, now: Date): Date | null {
  if (!scheduledAt) return null;
  if (scheduledAt <= now) {
    throw new InvalidScheduleError(
      `scheduledAt ${scheduledAt.toISOString()} is in the past. Give a time to come, or leave it out to send now.`,
      scheduledAt,
    );
  }
  if (scheduledAt.getTime() - now.getTime() > longestScheduleDays * 24 * 60 * minuteMs) {
    throw new InvalidScheduleError(
      `scheduledAt is more than ${longestScheduleDays} days ahead. Give an earlier time.`,
      scheduledAt,
    );
  }
  return scheduledAt;
}

/** The period counts from the time of sending; what is left of it at submission is what the provider is told. */
function checkValidity(minutes: number | null, from: Date, { adapter, row }: Connection): Date | null {
  if (minutes === null) return null;
  const longest = adapter.capabilities.longestValidityMinutes ?? 0;
  if (minutes < 1 || minutes > longest) {
    throw new InvalidInputError(
      "validityMinutes",
      `validityMinutes must be 1 to ${longest} with ${row.name}.`,
    );
  }
  return new Date(from.getTime() + minutes * minuteMs);
}

export function chooseRoute(input: Wishes, routes: readonly Connection[]): Connection {
  if (input.providerId != null) {
    const chosen = routes.find(({ row }) => row.id === input.providerId);
    if (!chosen) throw new NotFoundError("enabled provider", input.providerId);
    const problem = missingFeature(input, chosen);
    if (problem) throw problem;
    return chosen;
  }
  if (routes.length === 0) {
    throw new NoRouteError("No provider is connected and enabled. Connect one with `connectProvider`.");
  }
  const capable = routes.find((route) => missingFeature(input, route) === undefined);
  if (capable) return capable;
  const reasons = routes.map((route) => `${route.row.name}: ${missingFeature(input, route)?.message ?? ""}`);
  throw new NoRouteError(`No connected provider can carry this message. ${reasons.join(" ")}`);
}

/** What the message asks for and the provider cannot do. */
function missingFeature(input: Wishes, { adapter, row }: Connection): UnsupportedFeatureError | undefined {
  const { capabilities } = adapter;
  const missing = (feature: string): UnsupportedFeatureError =>
    new UnsupportedFeatureError(feature, row.name, "Leave it out, or choose another provider.");
  if (input.flash === true && !capabilities.flash) return missing("flash");
  if (input.validityMinutes != null && capabilities.longestValidityMinutes === null)
    return missing("validityMinutes");
  if (input.cadenceGroupId != null && !capabilities.cadenceGroups) return missing("cadenceGroupId");
  if (input.dltTemplateId != null && !capabilities.dltTemplates) return missing("dltTemplateId");
  if (input.encoding === "UCS2" && !capabilities.unicodeControl && measure(input.text).encoding === "GSM7") {
    return missing("encoding");
  }
  return undefined;
}

export function encode(
  input: Wishes,
  { adapter, row }: Connection,
): Pick<MessageDraft, "text" | "encoding" | "segments"> {
  if (input.text.trim() === "") throw new InvalidTextError("The text is empty. Write one.");
  if (!isStorable(input.text)) {
    throw new InvalidTextError("The text contains a NUL character or half a surrogate pair. Remove it.");
  }
  const text = input.encoding === "GSM7" ? transliterate(input.text) : input.text;
  const { encoding, segments } = input.encoding === "UCS2" ? measureAs(text, "UCS2") : measure(text);
  const { maxSegments } = adapter.capabilities;
  if (segments > maxSegments) {
    const message = `The text needs ${segments} segments in ${encoding}; ${row.name} takes at most ${maxSegments}. Shorten it.`;
    throw new InvalidTextError(message, segments, maxSegments);
  }
  return { text, encoding, segments };
}

function transliterate(text: string): string {
  const rewritten = toGsm7(text);
  if (rewritten !== null) return rewritten;
  throw new InvalidTextError(
    "The text has characters that GSM-7 cannot show in any form. Use encoding AUTO, or ask `previewText` which they are.",
  );
}

export function chooseSender(
  input: Pick<SendInput, "from">,
  text: string,
  { adapter, row }: Connection,
): string {
  const sender = input.from ?? row.defaultSender;
  if (sender == null) {
    throw new InvalidSenderError(
      `\`from\` is missing, and ${row.name} has no default sender. Give one, or set it with \`updateProvider\`.`,
      null,
    );
  }
  const problem = adapter.senderProblem(sender, text);
  if (problem !== undefined)
    throw new InvalidSenderError(`${row.name} does not take this sender: ${problem}`, sender);
  return sender;
}

/** The same input gives the same fingerprint (hexadecimal), however absent values are written. */
export function fingerprint(input: SendInput): string {
  const entries = Object.entries(input).filter(([key, value]) => key !== "idempotencyKey" && value != null);
  const canonical = entries.toSorted(([one], [other]) => (one < other ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(canonical)).digest("hex");
}
