import { z } from "zod";
import type { DecimalText } from "../provider.ts";

/**
 * Reads JSON, undefined if it is none. Every number comes out as its literal text (`634.9288`, `1E-3`), so that
 * money never passes through a float. A byte order mark is accepted.
 */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""), keepLiteral);
  } catch {
    return undefined;
  }
}

/** TypeScript's library does not declare the reviver's third argument yet. */
function keepLiteral(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" ? (context?.source ?? String(value)) : value;
}

/** Text that says something, without what JSON can escape but PostgreSQL cannot store: NUL, lone surrogates. */
const text = z
  .unknown()
  .optional()
  .transform((value) =>
    typeof value === "string" && value.trim() !== "" && !value.includes("\0")
      ? value.toWellFormed()
      : undefined,
  );

/** A small positive number, as a number or as text. */
const count = text.transform((value) =>
  /^[1-9]\d{0,5}$/.test(value?.trim() ?? "") ? Number(value) : undefined,
);

/** A boolean, as one, as text or as 0 or 1. */
const flag = z
  .unknown()
  .optional()
  .transform((value) => {
    const word = typeof value === "string" ? value.trim().toLowerCase() : value;
    if (word === true || word === "true" || word === "1") return true;
    return word === false || word === "false" || word === "0" ? false : undefined;
  });

/** A number in callbacks, a string in look-ups. */
const decimal = text.transform((value) => (value === undefined ? undefined : readDecimal(value)));

/** A list, also where one thing stands alone; undefined if it is neither. */
const list = z
  .unknown()
  .optional()
  .transform((value) => {
    if (Array.isArray(value)) return value as unknown[];
    return typeof value === "object" && value !== null ? [value] : undefined;
  });

/** Laravel's `{"from":["…"]}`: what is wrong with which field. */
const fieldErrors = z.record(z.string(), z.unknown()).optional().catch(undefined);

/** What every answer may carry, good or bad (TikoSMS documentation; `message` and `errors` are Laravel's). */
const envelope = z.object({ success: flag, error: text, message: text, errors: fieldErrors });
export type Envelope = z.infer<typeof envelope>;

const submitReply = z.object({ message_id: text, campaign_id: text });
export type SubmitReply = z.infer<typeof submitReply>;

/** A delivery report: the content of a callback, or a row of `get_message`. */
const report = z.object({
  message_id: text,
  campaign_id: text,
  to: text,
  client_ref: text,
  status: text,
  sent_at: text,
  delivered_at: text,
  timestamp: text,
  mccmnc: text,
  cost: decimal,
  part: count,
  total_parts: count,
});
export type Report = z.infer<typeof report>;

const campaign = z.object({
  campaign_id: text,
  sender: text,
  message: text,
  recipients: count,
  created_at: text,
});
export type Campaign = z.infer<typeof campaign>;

const balance = z.object({
  balance_updated: text,
  currency_code: text,
  balance: decimal,
  in_credit_limit: decimal,
});
export type Balance = z.infer<typeof balance>;

const rate = z.object({
  mcc: text,
  mnc: text,
  mccmnc: text,
  country: text,
  rate: decimal,
  rate_start_date: text,
  rate_end_date: text,
});
export type Rate = z.infer<typeof rate>;

export const readEnvelope = reader(envelope);
export const readSubmitReply = reader(submitReply);
export const readReport = reader(report);
export const readBalance = reader(balance);
/** Undefined where there is no list; an element that is not an object is left out. */
export const readReports = listReader("data", readReport);
export const readCampaigns = listReader("campaigns", reader(campaign));
export const readRates = listReader("rate", reader(rate));

/** The elements of a list, or the one thing that stands in its place. */
export function asList(value: unknown): unknown[] {
  return list.parse(value) ?? [];
}

function reader<Output>(schema: z.ZodType<Output>): (json: unknown) => Output | undefined {
  return (json) => (Array.isArray(json) ? undefined : schema.safeParse(json).data);
}

function listReader<Output>(key: string, read: (json: unknown) => Output | undefined) {
  const holder = z.object({ [key]: list });
  return (json: unknown): Output[] | undefined =>
    holder.safeParse(json).data?.[key]?.flatMap((element) => read(element) ?? []);
}

/**
 * The same number without an exponent (`1E-3` becomes `0.001`), digits otherwise as printed; undefined for
 * anything that is not a number of sensible size.
 */
export function readDecimal(literal: string): DecimalText | undefined {
  const match = /^([+-]?)(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(literal.trim());
  if (!match) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const point = whole.length + Number(exponent);
  const digits = `${"0".repeat(Math.max(0, 1 - point))}${whole}${fraction}`.padEnd(point, "0");
  const cut = Math.max(point, 1);
  const wholeDigits = digits.slice(0, cut).replace(/^0+(?=\d)/, "");
  const rest = digits.slice(cut);
  return `${sign === "-" ? "-" : ""}${wholeDigits}${rest === "" ? "" : `.${rest}`}`;
}
