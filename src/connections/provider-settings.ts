import { ZodError } from "zod";
import { checkRanges } from "../lib/allowed-addresses.ts";
import { InvalidInputError } from "../lib/errors.ts";
import { requireStorable } from "../lib/storable.ts";
import type { RegisteredProvider } from "../providers/registry.ts";
import type { DecimalText } from "../lib/money.ts";

/**
 * Settings that every connection has. Absent values take their defaults; null removes a limit or a sender ID.
 */
interface CommonInput {
  name?: string | null | undefined;
  enabled?: boolean | null | undefined;
  priority?: number | null | undefined;
  defaultSender?: string | null | undefined;
  /** Submissions per second. */
  maxPerSecond?: number | null | undefined;
  /** Submissions in progress. */
  maxConcurrent?: number | null | undefined;
  /** A balance below this counts as low, in the provider's currency or units. */
  lowBalance?: DecimalText | null | undefined;
  /** Addresses and networks that its callbacks may come from; none for all. */
  callbackAddresses?: readonly string[] | null | undefined;
}

/** The remaining fields are the adapter's settings and credentials, under its own names. */
export type UpdateInput = CommonInput & Record<string, unknown>;
export type ConnectInput = UpdateInput & { name: string };

const maxNameLength = 100;

const originOf = ({ baseUrl }: Record<string, unknown>): string => new URL(String(baseUrl)).origin;

/**
 * A new base URL at another origin needs the credentials again. Without this, someone who cannot read the
 * stored credentials could have them sent to a server of their own.
 * @throws InvalidInputError
 */
export function checkCredentials(
  { secretKeys }: RegisteredProvider,
  before: Record<string, unknown>,
  after: object,
  input: Record<string, unknown>,
): void {
  if (originOf(before) === originOf({ ...after })) return;
  const missing = secretKeys.find((key) => Object.hasOwn(before, key) && !Object.hasOwn(input, key));
  if (missing === undefined) return;
  throw new InvalidInputError(
    missing,
    `Another origin in \`baseUrl\` needs the credentials again: give \`${missing}\` too.`,
  );
}

/** A session is bound to the credentials and the origin for which it was made. */
export function wantsNewSession(
  before: Record<string, string>,
  after: Record<string, string>,
  settingsBefore: Record<string, unknown>,
  settingsAfter: object,
): boolean {
  const isSame = Object.entries(after).every(([key, value]) => before[key] === value);
  return !isSame || originOf(settingsBefore) !== originOf({ ...settingsAfter });
}

export function parseSettings(
  adapter: RegisteredProvider,
  raw: Record<string, unknown>,
): Record<string, unknown> {
  try {
    return { ...adapter.parseSettings(raw) };
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    const [issue] = error.issues;
    const field = issue?.path.join(".") ?? "";
    throw new InvalidInputError(field, `\`${field}\`: ${issue?.message ?? "is not valid"}.`);
  }
}

/**
 * Splits an input into the columns that every connection has and the adapter's own settings.
 * @throws InvalidInputError
 */
export function split(input: UpdateInput, adapter: RegisteredProvider, now: Date) {
  const {
    name,
    enabled,
    priority,
    defaultSender,
    maxPerSecond,
    maxConcurrent,
    lowBalance,
    callbackAddresses,
    ...rest
  } = input;
  if (name != null) checkName(name);
  checkSender(defaultSender, adapter);
  checkLimit("maxPerSecond", maxPerSecond, 0.01);
  checkLimit("maxConcurrent", maxConcurrent, 1);
  for (const [field, value] of Object.entries(rest)) checkLength(field, value);
  return {
    common: {
      ...(name != null && { name }),
      ...(enabled != null && { enabled }),
      ...(priority != null && { priority }),
      ...(defaultSender !== undefined && { defaultSender }),
      ...(maxPerSecond !== undefined && { maxPerSecond }),
      ...(maxConcurrent !== undefined && { maxConcurrent }),
      // Ask for the balance at once, so that a low one is noticed under the new threshold.
      ...(callbackAddresses !== undefined && {
        callbackAddresses: checkRanges(callbackAddresses ?? [], "callbackAddresses"),
      }),
      ...(lowBalance !== undefined && { lowBalance, nextBalanceAt: now }),
    },
    adapterSettings: Object.fromEntries(Object.entries(rest).filter(([, value]) => value != null)),
  };
}

const maxLimit = 10_000;

function checkLimit(field: string, value: number | null | undefined, min: number): void {
  if (value == null || (value >= min && value <= maxLimit)) return;
  throw new InvalidInputError(field, `\`${field}\` must be ${min} to ${maxLimit}, or null for no limit.`);
}

/** Longer than any address, and than a token that still fits into the headers of a request. */
const maxSettingLength = 8_000;

function checkLength(field: string, value: unknown): void {
  if (typeof value !== "string" || value.length <= maxSettingLength) return;
  throw new InvalidInputError(field, `\`${field}\` may have ${maxSettingLength} characters.`);
}

function checkName(name: string): void {
  if (requireStorable(name, "name").trim() === "" || name.length > maxNameLength) {
    throw new InvalidInputError("name", `\`name\` must have 1 to ${maxNameLength} characters.`);
  }
}

function checkSender(sender: string | null | undefined, adapter: RegisteredProvider): void {
  if (sender == null) return;
  const problem = adapter.senderProblem(requireStorable(sender, "defaultSender"), "");
  if (problem !== undefined) {
    throw new InvalidInputError("defaultSender", `${adapter.title} does not take this sender: ${problem}`);
  }
}
