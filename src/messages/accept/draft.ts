import type { Content, SendInput, ServedAs } from "./send-input.ts";
import type { MessagePriority } from "../model/priority.ts";
import { canonical, fingerprintOf, isOwnKey, ownKey } from "../../lib/idempotency.ts";
import {
  CountryNotAllowedError,
  InvalidInputError,
  InvalidPhoneNumberError,
  InvalidScheduleError,
  InvalidSenderError,
  InvalidTextError,
  KeyRestrictedError,
} from "../../lib/errors.ts";
import type { E164 } from "../../providers/provider.ts";
import { isStorable, isStorableValue, requireStorable } from "../../lib/storable.ts";
import { newMessageId } from "../../lib/uuid.ts";
import { parseRecipient } from "../../sms/phone.ts";
import { senderProblemFor, type SendingSettings } from "../../sending-settings/settings.ts";
import { whyUnreachable } from "../../sms/unreachable-numbers.ts";
import { routeMessage, type MessageRoute } from "./choose-route.ts";
import type { DuplicatePolicy, StoredRoute } from "../model/stored-route.ts";
import { measure, measureAs, toGsm7, type TextEncoding } from "../../sms/text.ts";
import type { DecimalText } from "../../lib/money.ts";
import type { RoutingTable } from "../../pricing/routing/routing-table.ts";
import { currentTrace, type StoredTrace } from "../../tracing/tracing.ts";

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
  /** The message before it in the same call and to the same recipient: that one is submitted first. */
  follows?: string;
  /** The message from a person that it answers. */
  answers?: string | undefined;
  /** The served API that it came by. */
  served?: ServedAs | undefined;
  /** What it will cost by the present rate of its provider; null without a rate. */
  estimatedCost: DecimalText | null;
  estimatedCurrency: string | null;
  /** Whether routing chose the provider. */
  routed: boolean;
  route: StoredRoute;
  duplicatePolicy: DuplicatePolicy;
  trace?: StoredTrace;
  /** The hash of the input that the idempotency key stands for; null without a key. */
  fingerprint: string | null;
}

export const maxReferenceLength = 255;
const maxScheduleDays = 366;
const minuteMs = 60_000;

/** A message with everything decided except its identity. */
export interface MessagePlan extends MessageRoute {
  recipient: E164;
  country: string | null;
  content: Content;
}

/**
 * Checks everything that can be known before a message is stored.
 * @throws DomainError what is wrong with the input, and what to do
 */
export function draftMessage(
  accountId: string,
  input: SendInput,
  table: RoutingTable,
  now: Date,
): MessageDraft {
  requireStorableRequest(input);
  const scheduledAt = checkSchedule(input.scheduledAt ?? null, now);
  const { recipient, country, content, connection, sender, route, cost } = planMessage(table, input);
  const { text, encoding, segments } = content;
  return {
    id: newMessageId(now),
    accountId,
    providerId: connection.row.id,
    recipient,
    sender,
    text,
    encoding,
    segments,
    flash: input.flash ?? false,
    priority: input.priority ?? "NORMAL",
    country,
    clientRef: input.clientRef ?? null,
    scheduledAt,
    validUntil: endOfValidity(input.validityMinutes ?? null, scheduledAt ?? now),
    cadenceGroupId: input.cadenceGroupId ?? null,
    dltTemplateId: input.dltTemplateId ?? null,
    createdAt: now,
    idempotencyKey: storedKey(input),
    ...(input.answers !== undefined && { answers: input.answers }),
    ...(input.served !== undefined && { served: input.served }),
    estimatedCost: cost?.amount ?? null,
    estimatedCurrency: cost?.currency ?? null,
    routed: input.providerId == null,
    route,
    duplicatePolicy: input.duplicatePolicy ?? "NEVER",
    trace: currentTrace(),
    fingerprint: storedKey(input) === null ? null : fingerprint(input),
  };
}

/**
 * Decides where and how a message goes, and what it costs: for sending, and for previewing what sending would
 * do. `content` is given where it is already known, as for one text to many recipients.
 * @throws DomainError what is wrong with the input, and what to do
 */
export function planMessage(table: RoutingTable, input: SendInput, content?: Content): MessagePlan {
  const { settings } = table;
  const { to: recipient, country } = parseRecipient(input.to, settings.defaultCountry);
  if (settings.unreachableNumbers === "REFUSE") checkReachable(input.to, recipient);
  checkReferences(input);
  const known = content ?? contentOf(input);
  checkSegments(known, table.maxSegments);
  const { allowedCountries } = table.limits;
  if (allowedCountries && (country === null || !allowedCountries.has(country))) {
    throw new CountryNotAllowedError(country);
  }
  const { within } = table;
  if (within?.countries && (country === null || !within.countries.includes(country)))
    throw new KeyRestrictedError(
      "COUNTRY",
      `The key may not send to ${country ?? "a number whose country is not known"}.`,
    );
  const route = routeMessage(table, input, recipient, country, known);
  if (settings.senderRules === "REFUSE") requireSender(settings, route.sender, country);
  return { recipient, country, content: known, ...route };
}

/** @throws InvalidSenderError when the sender breaks a rule of the country */
function requireSender(settings: SendingSettings, sender: string, country: string | null): void {
  const problem = senderProblemFor(settings, sender, country);
  if (problem !== undefined) throw new InvalidSenderError(problem, sender);
}

/** @throws InvalidPhoneNumberError when the number is of a type that takes no SMS */
function checkReachable(given: string, recipient: E164): void {
  const what = whyUnreachable(recipient);
  if (what === undefined) return;
  throw new InvalidPhoneNumberError(
    given,
    `${recipient} is ${what}, and those take no SMS. Where they do, allow them with \`setSendingSettings\`.`,
  );
}

/** @throws InvalidTextError when the text has more segments than `maxSegments` */
export function checkSegments({ segments, encoding }: Content, maxSegments: number): void {
  if (segments <= maxSegments) return;
  throw new InvalidTextError(
    `The text needs ${segments} segments in ${encoding}; MAX_SEGMENTS allows at most ${maxSegments}. Shorten it.`,
    segments,
    maxSegments,
  );
}

function checkReferences(input: SendInput): void {
  for (const field of ["clientRef", "idempotencyKey", "from", "cadenceGroupId", "dltTemplateId"] as const) {
    const value = input[field];
    if (value == null) continue;
    if (value.length === 0 || value.length > maxReferenceLength) {
      throw new InvalidInputError(field, `\`${field}\` must have 1 to ${maxReferenceLength} characters.`);
    }
    requireStorable(value, field);
  }
  if (input.idempotencyKey == null || !isOwnKey(input.idempotencyKey)) return;
  throw new InvalidInputError("idempotencyKey", "`idempotencyKey` must not begin with the character U+001F.");
}

export function checkSchedule(scheduledAt: Date | null, now: Date): Date | null {
  if (!scheduledAt) return null;
  if (scheduledAt <= now) {
    throw new InvalidScheduleError(
      `scheduledAt ${scheduledAt.toISOString()} is in the past. Give a future time, or leave it out to send now.`,
      scheduledAt,
    );
  }
  if (scheduledAt.getTime() - now.getTime() > maxScheduleDays * 24 * 60 * minuteMs) {
    throw new InvalidScheduleError(
      `scheduledAt is more than ${maxScheduleDays} days ahead. Give an earlier time.`,
      scheduledAt,
    );
  }
  return scheduledAt;
}

/**
 * The validity period counts from the time of sending; the provider is told what remains of it at submission.
 */
export const endOfValidity = (minutes: number | null, from: Date): Date | null =>
  minutes === null ? null : new Date(from.getTime() + minutes * minuteMs);

/** What the served APIs keep of a request is stored as it was given. @throws InvalidInputError */
function requireStorableRequest({ served }: SendInput): void {
  if (isStorableValue(served)) return;
  const text = "The request contains a NUL character or half a surrogate pair. Remove it.";
  throw new InvalidInputError("request", text);
}

/** Spaces, direction marks, joiners and fillers show nothing; U+2800 is the empty Braille pattern. */
const isVisible = (text: string): boolean =>
  /[^\s\p{Cc}\p{Z}\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]/u.test(text);

/** A longer text has too many segments however it is rewritten, and is refused for that. */
const maxRewritten = 40_000;

/** @throws InvalidTextError */
export function contentOf(input: Pick<SendInput, "text" | "encoding">): Content {
  if (input.text.trim() === "") throw new InvalidTextError("The text is empty. Write one.");
  if (!isVisible(input.text)) throw new InvalidTextError("Nothing in the text can be seen. Write one.");
  if (!isStorable(input.text)) {
    throw new InvalidTextError("The text contains a NUL character or half a surrogate pair. Remove it.");
  }
  const isRewritten = input.encoding === "GSM7" && input.text.length <= maxRewritten;
  const text = isRewritten ? transliterate(input.text) : input.text;
  const measured = measure(text);
  const forcesUnicode = input.encoding === "UCS2" && measured.encoding === "GSM7";
  const { encoding, segments } = forcesUnicode ? measureAs(text, "UCS2") : measured;
  return { text, encoding, segments, forcesUnicode };
}

function transliterate(text: string): string {
  const rewritten = toGsm7(text);
  if (rewritten !== null) return rewritten;
  throw new InvalidTextError(
    "The text has characters without any GSM-7 replacement. Use encoding AUTO; `previewText` lists those characters.",
  );
}

/** The key under which an input is sent once; null for none. */
export const storedKey = ({ ownKey: name, idempotencyKey }: SendInput): string | null =>
  name === undefined ? (idempotencyKey ?? null) : ownKey(name);

/** The fingerprint of an input, apart from its idempotency key and the ids that are made for it. */
export const fingerprint = ({ idempotencyKey: _key, ownKey: _own, served, ...input }: SendInput): string =>
  fingerprintOf([canonical(served ? { ...input, callbackUrl: served.callbackUrl } : input)]);
