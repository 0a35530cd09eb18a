import { z } from "zod";
import { count, decimal, flag, reader, text } from "../wire/fields.ts";
import { readLenientJson } from "../wire/json.ts";
import { readXml } from "../wire/xml.ts";

/** A small whole number, zero included. */
const id = text.transform((value) => (/^\d{1,9}$/.test(value?.trim() ?? "") ? Number(value) : undefined));

/** An object within another, undefined where there is none. */
const within = <Output>(schema: z.ZodType<Output>) => z.unknown().optional().transform(reader(schema));

/** `action`, what to do about it, comes from older versions of the platform. */
const statusObject = z.object({
  groupId: id,
  groupName: text,
  id,
  name: text,
  description: text,
  action: text,
});
export type StatusObject = z.infer<typeof statusObject>;

const errorObject = z.object({ groupId: id, id, name: text, description: text, permanent: flag });
export type ErrorObject = z.infer<typeof errorObject>;

/** A row of the answer to a submission, of a report or of the logs. */
const row = z.object({
  bulkId: text,
  messageId: text,
  to: text,
  sentAt: text,
  doneAt: text,
  smsCount: count,
  messageCount: count,
  mccMnc: text,
  mccmnc: text,
  price: within(z.object({ pricePerMessage: decimal, currency: text })),
  status: within(statusObject),
  error: within(errorObject),
});
export type Row = z.infer<typeof row>;
export const readRow = reader(row);

/** Here `messageId` is a word for the error, not the id of a message. */
const serviceException = z.object({ messageId: text, text, validationErrors: z.unknown().optional() });
export type ServiceException = z.infer<typeof serviceException>;

const readException = reader(serviceException);

/**
 * Reads JSON or XML as the same plain data; XML becomes an object with its root as the only key. The first
 * character decides, which is right whatever the content type says: no JSON begins with `<`, and all XML does.
 */
export function readDocument(body: string): unknown {
  if (
    !body
      .replace(/^\uFEFF/, "")
      .trimStart()
      .startsWith("<")
  )
    return readLenientJson(body);
  const xml = readXml(body);
  return xml && { [xml.root]: xml.content };
}

/** What a `requestError` says, at the root or right below; undefined where there is none. */
export function readRefusal(document: unknown): ServiceException | undefined {
  const holder = roots(document).find((root) => "requestError" in root);
  if (!holder) return undefined;
  const { requestError } = holder;
  const exception = isObject(requestError) ? requestError["serviceException"] : undefined;
  return readException(exception) ?? readException({});
}

export function readBulkId(document: unknown): string | undefined {
  return roots(document)
    .map((root) => readRow(root)?.bulkId)
    .find((bulkId) => bulkId !== undefined);
}

/** XML has its root between the document and what JSON has at once. */
function roots(document: unknown): Record<string, unknown>[] {
  return isObject(document) ? [document, ...Object.values(document).filter(isObject)] : [];
}

/** The rows of an answer to a submission: elements called `message` or `messages` that are not lists of such. */
export function readMessages(document: unknown): Row[] {
  // A list at the root is no answer to a submission.
  const answer = isObject(document) ? document : undefined;
  return rowsNamed(answer, ["message", "messages"], ["messageId", "to", "status"]).rows;
}

/** The reports in a body, and how many more could not be read. */
export function readReports(document: unknown): { rows: Row[]; unreadable: number } {
  return rowsNamed(Array.isArray(document) ? { results: document } : document, resultNames, ["messageId"]);
}

const resultNames = ["results", "result"];

/** Whether the body says that no report is waiting: an empty list, or an XML root without content. */
export function isEmptySet(document: unknown): boolean {
  if (Array.isArray(document)) return document.length === 0;
  const { rows, unreadable } = readReports(document);
  if (!isObject(document) || rows.length + unreadable > 0) return false;
  const hasList = (value: unknown): boolean =>
    isObject(value) && resultNames.some((result) => result in value);
  if (hasList(document)) return true;
  return Object.entries(document).some(
    ([root, content]) => hasList(content) || (isBlank(content) && /report|response/i.test(root)),
  );
}

const deepest = 10;

/**
 * Lists come flat (`results` repeated), nested (`results` in `results`, or singular in plural) or as one object.
 * So a row is whatever has one of the names and one of the marks; what has the name alone is looked into.
 */
function rowsNamed(document: unknown, names: readonly string[], marks: readonly string[]) {
  const rows: Row[] = [];
  let unreadable = 0;
  const visit = (value: unknown, isNamed: boolean, depth: number): void => {
    if (depth > deepest) return;
    if (Array.isArray(value)) return value.forEach((element) => visit(element, isNamed, depth + 1));
    const found = isNamed && isObject(value) && marks.some((mark) => mark in value) && readRow(value);
    if (found) return void rows.push(found);
    const inner = isObject(value) ? Object.entries(value) : [];
    const lists = inner.filter(([name]) => names.includes(name));
    if (isNamed && lists.length === 0 && !isBlank(value)) unreadable++;
    for (const [name, child] of lists.length > 0 || isNamed ? lists : inner) {
      visit(child, names.includes(name), depth + 1);
    }
  };
  visit(document, false, 0);
  return { rows, unreadable };
}

/** Nothing, or an XML element with attributes alone. */
function isBlank(value: unknown): boolean {
  if (value === "" || value === null) return true;
  const names = isObject(value) ? Object.keys(value) : [];
  return names.length > 0 && names.every((name) => name.startsWith("@"));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
