import { z } from "zod";
import type { DecimalText } from "../../lib/money.ts";

/**
 * Readers for the various forms in which providers write the same value. They never throw: what cannot be
 * read is undefined.
 */

/**
 * A non-empty text, without characters that JSON can escape but PostgreSQL cannot store: NUL and lone
 * surrogates.
 */
export const readText = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" && !value.includes("\0")
    ? value.toWellFormed()
    : undefined;

/** A small positive number, given as a number or as text. */
export function readCount(value: unknown): number | undefined {
  const digits = readText(value)?.trim() ?? "";
  return /^[1-9]\d{0,5}$/.test(digits) ? Number(digits) : undefined;
}

/** A boolean, given as such, as text, or as 0 or 1. */
export function readFlag(value: unknown): boolean | undefined {
  const word = typeof value === "string" ? value.trim().toLowerCase() : value;
  if (word === true || word === "true" || word === "1") return true;
  return word === false || word === "false" || word === "0" ? false : undefined;
}

/** An exact decimal, given as a number or as text. */
export function readAmount(value: unknown): DecimalText | undefined {
  const literal = readText(value);
  return literal === undefined ? undefined : readDecimal(literal);
}

const any = z.unknown().optional();
export const text = any.transform(readText);
export const count = any.transform(readCount);
export const flag = any.transform(readFlag);
export const decimal = any.transform(readAmount);

/** Laravel's `{"from":["…"]}`: the errors by field. */
export const fieldErrors = z.record(z.string(), z.unknown()).optional().catch(undefined);

/** A list, or a single object in place of one; undefined for anything else. */
function readList(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value as unknown[];
  return typeof value === "object" && value !== null ? [value] : undefined;
}
export const list = any.transform(readList);

/** The elements of a list, or the single value in its place. */
export const asList = (value: unknown): unknown[] => readList(value) ?? [];

/** Reads one object; undefined for anything else. */
export function reader<Output>(schema: z.ZodType<Output>): (json: unknown) => Output | undefined {
  return (json) => (Array.isArray(json) ? undefined : schema.safeParse(json).data);
}

type Readers = Readonly<Record<string, (value: unknown) => unknown>>;

/**
 * The same for what comes by the thousand, several times faster: each field has a reader that never throws, and anything else
 * in the object is left out.
 */
export function fastReader<Fields extends Readers>(fields: Fields) {
  const entries = Object.entries(fields);
  return (json: unknown): { [Name in keyof Fields]: ReturnType<Fields[Name]> } | undefined => {
    if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
    const given = json as Readonly<Record<string, unknown>>;
    const read: Record<string, unknown> = {};
    for (const [name, readField] of entries) read[name] = readField(given[name]);
    return read as { [Name in keyof Fields]: ReturnType<Fields[Name]> };
  };
}

/** Reads the list under `key`; undefined when there is none. Elements that are not objects are left out. */
export function listReader<Output>(key: string, read: (json: unknown) => Output | undefined) {
  const holder = z.object({ [key]: list });
  return (json: unknown): Output[] | undefined =>
    holder.safeParse(json).data?.[key]?.flatMap((element) => read(element) ?? []);
}

/**
 * The same number without an exponent (`1E-3` becomes `0.001`), otherwise with its digits unchanged.
 * Undefined for anything that is not a number of plausible size.
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
