import { z } from "zod";
import { readXml } from "../xml.ts";
import type { Format } from "./rows.ts";

/** What the vendor requires of a request. Unknown keys are ignored. */

const filled = z.string().min(1, "may not be empty");
const written = z.string().refine((text) => text.trim() !== "", "may not be empty");
const httpUrl = z.url({ protocol: /^https?$/, error: "must be a valid URL" });

const destination = z.object({ to: filled, messageId: filled.optional() });

const message = z.object({
  from: filled.optional(),
  destinations: z.array(destination).min(1, "may not be empty"),
  text: written,
  flash: z.boolean().optional(),
  transliteration: z.enum(["TURKISH", "GREEK", "CYRILLIC", "CENTRAL_EUROPEAN", "NON_UNICODE"]).optional(),
  languageCode: z.enum(["TR", "ES", "PT"]).optional(),
  intermediateReport: z.boolean().optional(),
  notifyUrl: httpUrl.optional(),
  notifyContentType: z.enum(["application/json", "application/xml"]).optional(),
  callbackData: z.string().max(200, "must have 200 characters at most").optional(),
  validityPeriod: z.int().min(1, "must be positive").optional(),
  sendAt: z.iso.datetime({ offset: true, error: "must be a date" }).optional(),
});

const request = z.object({
  bulkId: filled.optional(),
  messages: z.array(message).min(1, "may not be empty"),
  tracking: z.object({ track: z.enum(["SMS", "URL"]).optional(), type: z.string().optional() }).optional(),
});
export type SendRequest = z.infer<typeof request>;

/** Milliseconds since 1970, from `2015-02-12T09:58:20.323+0000`. */
const moment = z.string().transform(Date.parse).pipe(z.number("must be a date"));

export const reportQuery = z.object({
  bulkId: filled.optional(),
  messageId: filled.optional(),
  sentSince: moment.default(-Infinity),
  sentUntil: moment.default(Infinity),
  limit: z.coerce.number().pipe(z.int().min(1).max(1_000)).default(50),
});

/** The errors by field. */
export type ValidationErrors = Record<string, string[]>;

type ReadResult<Value> = { ok: true; value: Value } | { ok: false; errors: ValidationErrors };

/** For a bulk request with thousands of wrong destinations, only the first errors are returned. */
const maxErrors = 100;

export function read<Value>(schema: z.ZodType<Value>, input: unknown): ReadResult<Value> {
  const result = schema.safeParse(input);
  if (result.success) return { ok: true, value: result.data };
  const errors: ValidationErrors = {};
  for (const { path, message: text, code } of result.error.issues.slice(0, maxErrors)) {
    (errors[fieldName(path)] ??= []).push(
      code === "invalid_type" ? "may not be empty or of this type" : text,
    );
  }
  return { ok: false, errors };
}

/** `messages[0].destinations` */
function fieldName(path: readonly PropertyKey[]): string {
  const name = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return name.replace(/^\./, "") || "request";
}

export function readRequest(body: string, format: Format): ReadResult<SendRequest> {
  return read(request, format === "application/json" ? parseJson(body) : fromXml(readXml(body, "request")));
}

function parseJson(body: string): unknown {
  try {
    // The platform writes and accepts offsets without a colon.
    return JSON.parse(body, (key, value) => (key === "sendAt" ? withColon(value) : value));
  } catch {
    return undefined;
  }
}

const withColon = (time: unknown): unknown =>
  typeof time === "string" ? time.replace(/([+-]\d{2})(\d{2})$/, "$1:$2") : time;

/**
 * The same request in XML: a list is a plural element with singular elements in it, and all values are text.
 */
function fromXml(root: unknown): unknown {
  if (root === undefined) return undefined;
  const messages = rowsOf(childOf(root, "messages"), "message").map((element) => ({
    ...fieldsOf(element),
    destinations: rowsOf(childOf(element, "destinations"), "destination"),
    ...typed(element, "flash", readBoolean),
    ...typed(element, "intermediateReport", readBoolean),
    ...typed(element, "validityPeriod", Number),
    ...typed(element, "sendAt", withColon),
  }));
  return { ...fieldsOf(root), messages };
}

const fieldsOf = (element: unknown): object =>
  typeof element === "object" && element !== null && !Array.isArray(element) ? element : {};

const childOf = (element: unknown, name: string): unknown =>
  Object.entries(fieldsOf(element)).find(([key]) => key === name)?.[1];

function rowsOf(container: unknown, name: string): unknown[] {
  const rows = childOf(container, name);
  return rows === undefined ? [] : [rows].flat();
}

function typed(element: unknown, name: string, reader: (text: string) => unknown): object {
  const value = childOf(element, name);
  return typeof value === "string" ? { [name]: reader(value) } : {};
}

const readBoolean = (text: string): unknown => (text === "true" ? true : text === "false" ? false : text);

/** International format, without the plus sign; at most 15 digits. */
export const internationalNumber = /^[1-9]\d{7,14}$/;
