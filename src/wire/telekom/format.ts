import { jsonReply, type WireAnswer } from "../exchange.ts";
import { fieldsOf, parseJson } from "../laravel.ts";
import { printXml, readXml } from "../xml.ts";
import { describe } from "./codes.ts";

/** The documentation's two base URLs, with the same API behind them. */
export type Format = "json" | "xml";

/** The parameters of a request. In XML all of them are text. */
export type Fields = ReadonlyMap<string, unknown>;

/**
 * Comments outside of texts, as the documentation's own examples have them. What is not closed goes on to the end: looking
 * for its end from every place again would take as long as the square of a body.
 */
const comments = /("(?:[^"\\]|\\[^])*(?:"|\\?$))|\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/g;

const parseCommented = (body: string): unknown =>
  parseJson(body) ?? (body.includes("/") ? parseJson(body.replace(comments, "$1")) : undefined);

/** Undefined for a body that is not an object or `request` element in the format of its URL. */
export function readFields(format: Format, body: string): Fields | undefined {
  const content = format === "xml" ? readXml(body, "request") : parseCommented(body);
  if (typeof content !== "object" || content === null || Array.isArray(content)) return undefined;
  return new Map<string, unknown>(Object.entries(fieldsOf(content)));
}

/** The content of an answer besides the result; given per format where the two differ in more than syntax. */
export type Content =
  | Record<string, unknown>
  | { json: Record<string, unknown>; xml: Record<string, unknown> };

export function success(
  format: Format,
  content: Content = {},
  headers: Record<string, string> = {},
): WireAnswer {
  const fields = "json" in content && "xml" in content ? content[format] : content;
  const result = { status: "success", description: "", code: "OK" };
  return print(format, { result, ...Object(fields) }, 200, headers);
}

/** Errors also have status 200: the documentation has no other. */
export function failure(
  format: Format,
  code: string,
  description = describe(code),
  status = 200,
): WireAnswer {
  return print(format, { result: { status: "error", description, code } }, status);
}

function print(format: Format, content: object, status: number, headers = {}): WireAnswer {
  if (format === "json") return jsonReply(status, content, headers);
  const type = { "content-type": "application/xml; charset=UTF-8" };
  return { kind: "answer", status, headers: { ...type, ...headers }, body: printXml("response", content) };
}

/** The session in the answer of `auth`, and as a cookie that no client needs. */
export function opened(format: Format, sessionId: string): WireAnswer {
  const cookie = `session=${Buffer.from(sessionId).toString("base64url")}; Path=/; HttpOnly; Secure`;
  return success(format, { session_id: sessionId }, { "set-cookie": cookie });
}

/**
 * The parameters of a GET request: in the address by their names, or in XML as a document in `data` (public clients).
 */
export function readQuery(format: Format, query: URLSearchParams): Fields {
  const data = format === "xml" ? query.get("data") : null;
  return (data === null ? undefined : readFields(format, data)) ?? new Map<string, unknown>(query);
}
