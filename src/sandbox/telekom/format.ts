import { jsonReply, type SandboxReply } from "../http-server.ts";
import { fieldsOf, parseJson } from "../laravel.ts";
import { printXml, readXml } from "../xml.ts";
import { describe } from "./codes.ts";

/** The two base URLs of the documentation, behind which is the same API. */
export type Format = "json" | "xml";

/** The parameters of a request. XML has them all as text. */
export type Fields = ReadonlyMap<string, unknown>;

/** Undefined for a body that is not an object, or not a `request`, in the format of its URL. */
export function readFields(format: Format, body: string): Fields | undefined {
  const content = format === "xml" ? readXml(body, "request") : parseJson(body);
  if (typeof content !== "object" || content === null || Array.isArray(content)) return undefined;
  return new Map<string, unknown>(Object.entries(fieldsOf(content)));
}

/** What an answer has besides the result; where the formats differ in more than their syntax, once for each. */
export type Content =
  | Record<string, unknown>
  | { json: Record<string, unknown>; xml: Record<string, unknown> };

export function success(
  format: Format,
  content: Content = {},
  headers: Record<string, string> = {},
): SandboxReply {
  const own = "json" in content && "xml" in content ? content[format] : content;
  const result = { status: "success", description: "", code: "OK" };
  return print(format, { result, ...Object(own) }, 200, headers);
}

/** Errors, too, come with 200: the documentation knows no other status. */
export function failure(
  format: Format,
  code: string,
  description = describe(code),
  status = 200,
): SandboxReply {
  return print(format, { result: { status: "error", description, code } }, status);
}

function print(format: Format, content: object, status: number, headers = {}): SandboxReply {
  if (format === "json") return jsonReply(status, content, headers);
  const type = { "content-type": "application/xml; charset=UTF-8" };
  return { kind: "answer", status, headers: { ...type, ...headers }, body: printXml("response", content) };
}
