import { canonical, fingerprintOf } from "../../lib/idempotency.ts";
import { InvalidInputError, InvalidScheduleError } from "../../lib/errors.ts";
import { parseTimeZone } from "../../lib/time-zone.ts";
import { checkSchedule, maxReferenceLength } from "../../messages/accept/draft.ts";
import { requireStorable } from "../../lib/storable.ts";
import { setOfDays, type Weekday } from "../../sms/weekdays.ts";
import type { SendInput, ServedAs } from "../../messages/accept/send-input.ts";
import type { RetriedMessages } from "./retry.ts";
import type { UploadedFile } from "../../spreadsheets/table.ts";
import type { MappedColumn } from "./recipient-file.ts";
import type { RecipientInput } from "./recipients.ts";
import type { MessagePriority } from "../../messages/model/priority.ts";

/** FIRST: only the first row of a number gets a message. KEEP_ALL: each does, in their order. */
export type DuplicateHandling = "FIRST" | "KEEP_ALL";

/** The caller's input. Ids are database ids (UUIDs), not those of the API. */
export interface CampaignInput {
  name: string;
  from?: string | null | undefined;
  text: string;
  /** Exactly one of `recipients` and `file`. */
  recipients?: readonly RecipientInput[] | null | undefined;
  file?: UploadedFile | null | undefined;
  /** Which columns of the file are meant by other names. */
  columns?: readonly MappedColumn[] | null | undefined;
  /** ISO 3166-1 alpha-2: the country of numbers without a country code; absent: that of the account. */
  defaultCountry?: string | null | undefined;
  /** What is done with a number that is there again; absent: FIRST. */
  duplicates?: DuplicateHandling | null | undefined;
  /** The sheet of a workbook; absent: the first visible one. */
  sheet?: string | null | undefined;
  /** The encoding of a CSV file, as a label of WHATWG; absent: found. */
  fileEncoding?: string | null | undefined;
  providerId?: string | null | undefined;
  scheduledAt?: Date | null | undefined;
  timeZone?: string | null | undefined;
  sendWindow?: WindowInput | null | undefined;
  /** When what is left is cancelled. */
  endsAt?: Date | null | undefined;
  encoding?: SendInput["encoding"];
  messagesPerSecond?: number | null | undefined;
  priority?: MessagePriority | null | undefined;
  dryRun?: boolean | null | undefined;
  idempotencyKey?: string | null | undefined;
  /** The served API that it comes by, and where the receipts of its messages are posted. Not in the GraphQL API. */
  served?: Pick<ServedAs, "api" | "callbackUrl"> | undefined;
  /** The recipients are those of an earlier campaign; `text` is only shown. */
  retry?: RetriedMessages | undefined;
}

interface WindowInput {
  start: string;
  end: string;
  days?: readonly Weekday[] | null | undefined;
  observeHolidays?: boolean | null | undefined;
}

/** The checked settings, without the recipients. */
export interface CampaignSettings {
  name: string;
  scheduledAt: Date | null;
  /** The canonical IANA name. */
  timeZone: string | null;
  /** Minutes after midnight. An end before the start is on the next day. */
  windowStart: number | null;
  windowEnd: number | null;
  /** The days on which it opens, as bits, Monday first; null for every day. */
  windowDays: number | null;
  /** Whether it stays closed on public holidays of the recipient's country. */
  observeHolidays: boolean;
  endsAt: Date | null;
  messagesPerSecond: number | null;
  priority: MessagePriority;
}

const slowest = 0.01;
const fastest = 100_000;
const minutesOfDay = 24 * 60;

/** @throws InvalidInputError, InvalidScheduleError */
export function checkSettings(input: CampaignInput, now: Date): CampaignSettings {
  const [windowStart, windowEnd] = checkWindow(input.sendWindow ?? null);
  const scheduledAt = checkSchedule(input.scheduledAt ?? null, now);
  return {
    name: checkLength(input.name, "name"),
    scheduledAt,
    timeZone: checkTimeZone(input.timeZone ?? null),
    windowStart,
    windowEnd,
    windowDays: checkDays(input.sendWindow?.days),
    observeHolidays: input.sendWindow?.observeHolidays === true,
    endsAt: checkEnd(input.endsAt ?? null, scheduledAt ?? now),
    messagesPerSecond: checkSpeed(input.messagesPerSecond ?? null),
    priority: input.priority ?? "NORMAL",
  };
}

/**
 * @throws InvalidInputError when the value is empty, too long or cannot be stored
 */
export function checkLength(value: string, field: string): string {
  if (value.trim() !== "" && value.length <= maxReferenceLength) return requireStorable(value, field);
  throw new InvalidInputError(field, `\`${field}\` must have 1 to ${maxReferenceLength} characters.`);
}

function checkTimeZone(timeZone: string | null): string | null {
  if (timeZone === null) return null;
  const zone = parseTimeZone(timeZone);
  if (zone !== undefined) return zone;
  throw new InvalidInputError(
    "timeZone",
    "`timeZone` must be an IANA time zone, for example Europe/Bratislava.",
  );
}

function checkDays(days: readonly Weekday[] | null | undefined): number | null {
  if (days == null) return null;
  if (days.length > 0) return setOfDays(days);
  throw new InvalidInputError("sendWindow.days", "Name at least one day, or leave `days` out for every day.");
}

function checkEnd(endsAt: Date | null, start: Date): Date | null {
  if (endsAt === null || endsAt > start) return endsAt;
  throw new InvalidScheduleError(
    `endsAt ${endsAt.toISOString()} is not after the campaign begins. Give a later time, or leave it out.`,
    endsAt,
  );
}

function checkWindow(window: WindowInput | null): [number | null, number | null] {
  if (window === null) return [null, null];
  const start = readTime(window.start, "sendWindow.start");
  const end = readTime(window.end, "sendWindow.end");
  if (start === minutesOfDay)
    throw new InvalidInputError("sendWindow.start", "`sendWindow.start` must be before 24:00.");
  if (start !== end) return [start, end];
  throw new InvalidInputError(
    "sendWindow.end",
    "`sendWindow` must not end when it starts. Leave it out to send at any time.",
  );
}

/** Returns minutes after midnight. */
function readTime(text: string, field: string): number {
  const [, hours, minutes] = /^(\d{2}):([0-5]\d)$/.exec(text) ?? [];
  const time = Number(hours) * 60 + Number(minutes);
  if (time <= minutesOfDay) return time;
  throw new InvalidInputError(field, `\`${field}\` must be a time from 00:00 to 24:00, for example 09:00.`);
}

function checkSpeed(messagesPerSecond: number | null): number | null {
  if (messagesPerSecond === null || (messagesPerSecond >= slowest && messagesPerSecond <= fastest))
    return messagesPerSecond;
  throw new InvalidInputError(
    "messagesPerSecond",
    `\`messagesPerSecond\` must be ${slowest} to ${fastest}. Leave it out to send as fast as the provider allows.`,
  );
}

/** @throws InvalidInputError */
export function checkKey(key: string | null | undefined): string | null {
  return key == null ? null : checkLength(key, "idempotencyKey");
}

/** The fingerprint of an input. The content of a file is not included, since it can be read only once. */
export function fingerprint({ idempotencyKey: _key, recipients, file, ...settings }: CampaignInput): string {
  const each = (recipients ?? []).map(
    ({ to, clientRef, callbackUrl, values }) =>
      `\n${canonical({ to, clientRef, callbackUrl })}${values == null ? "" : canonical(values)}`,
  );
  return fingerprintOf([canonical({ ...settings, file: file != null }), ...each]);
}
