import { z } from "zod";
import { fastReader, readAmount, readCount, reader, readFlag, readText, text } from "../wire/fields.ts";
import { readLenientJson } from "../wire/json.ts";
import { readXml } from "../wire/xml.ts";

/** A small whole number, including zero. */
function readId(value: unknown): number | undefined {
  const digits = readText(value)?.trim() ?? "";
  return /^\d{1,9}$/.test(digits) ? Number(digits) : undefined;
}

/** `action`, which says what to do, comes from older versions of the platform. */
const readStatusObject = fastReader({
  groupId: readId,
  groupName: readText,
  id: readId,
  name: readText,
  description: readText,
  action: readText,
});
export type StatusObject = NonNullable<ReturnType<typeof readStatusObject>>;

const readErrorObject = fastReader({
  groupId: readId,
  id: readId,
  name: readText,
  description: readText,
  permanent: readFlag,
});
export type ErrorObject = NonNullable<ReturnType<typeof readErrorObject>>;

/** A row in the answer to a submission, in a report or in the logs. */
export const readRow = fastReader({
  bulkId: readText,
  messageId: readText,
  to: readText,
  sentAt: readText,
  doneAt: readText,
  smsCount: readCount,
  messageCount: readCount,
  mccMnc: readText,
  mccmnc: readText,
  price: fastReader({ pricePerMessage: readAmount, currency: readText }),
  status: readStatusObject,
  error: readErrorObject,
});
export type Row = NonNullable<ReturnType<typeof readRow>>;

/** Here `messageId` is an error word, not the id of a message. */
const serviceException = z.object({ messageId: text, text, validationErrors: z.unknown().optional() });
export type ServiceException = z.infer<typeof serviceException>;

const readException = reader(serviceException);

/**
 * Reads JSON or XML into the same plain data; XML becomes an object with its root as the only key. The first
 * character shows the format, whatever the content type says: all XML begins with `<`, and no JSON does.
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

/** The `requestError` at the root or one level below; undefined when there is none. */
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

/** XML has a root element around what JSON has at the top. */
function roots(document: unknown): Record<string, unknown>[] {
  return isObject(document) ? [document, ...Object.values(document).filter(isObject)] : [];
}

/**
 * The rows in the answer to a submission: elements named `message` or `messages` that are not lists
 * themselves.
 */
export function readMessages(document: unknown): Row[] {
  // A list at the top is not an answer to a submission.
  const answer = isObject(document) ? document : undefined;
  return rowsNamed(answer, ["message", "messages"], ["messageId", "to", "status"]).rows;
}

/** The reports in a body, and how many more could not be read. */
export function readReports(document: unknown): { rows: Row[]; unreadable: number } {
  return rowsNamed(Array.isArray(document) ? { results: document } : document, resultNames, ["messageId"]);
}

const resultNames = ["results", "result"];

/** True when no report is waiting: an empty list, or an XML root without content. */
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

const maxDepth = 10;

/**
 * Lists come in several forms: flat (`results` repeated), nested (`results` in `results`, or singular in
 * plural) or as one object. So an element with one of the names and one of the marks is a row; an element
 * with only the name is searched.
 */
function rowsNamed(document: unknown, names: readonly string[], marks: readonly string[]) {
  const rows: Row[] = [];
  let unreadable = 0;
  const visit = (value: unknown, isNamed: boolean, depth: number): void => {
    if (depth > maxDepth) return;
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

/** Nothing, or an XML element with only attributes. */
function isBlank(value: unknown): boolean {
  if (value === "" || value === null) return true;
  const names = isObject(value) ? Object.keys(value) : [];
  return names.length > 0 && names.every((name) => name.startsWith("@"));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
