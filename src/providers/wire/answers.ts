import { STATUS_CODES } from "node:http";
import type { HttpResult } from "../http.ts";
import type { ProviderProblem } from "../provider.ts";
import { readLenientJson } from "./json.ts";

/** The result of a request whose answers are read as `Answer`. */
export type ReplyOf<Answer> =
  | Answer
  | Exclude<HttpResult, { kind: "answer" }>
  /** The base URL is not that of the API: nothing was processed. */
  | { kind: "misrouted" };

/** Why a query has no answer. */
export function unansweredProblem(result: Exclude<HttpResult, { kind: "answer" }>): ProviderProblem {
  const isDeferred = result.kind === "notSent" && result.deferred === true;
  return { kind: isDeferred ? "deferred" : "unreachable", detail: result.reason };
}

/** The name of an HTTP status, for answers without a text. */
export function reasonPhrase(status: number): string {
  return `HTTP ${status} ${STATUS_CODES[status] ?? ""}`.trim();
}

/** A provider's text on one line of at most 300 characters, for people and logs. */
export function printable(text: string): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  return line.length > 300 ? `${line.slice(0, 299).toWellFormed()}…` : line;
}

/** Laravel's own texts, without the fields of the application. Two of the providers are built on Laravel. */
const frameworkTexts = new Set([
  "Unauthenticated.",
  "This action is unauthorized.",
  "Too Many Attempts.",
  "Server Error",
  "Service Unavailable",
]);

/**
 * Whether a text may be shown to people. Under a wrong base URL any server may answer, so a text is repeated
 * only if it has the form of the provider's own answers.
 */
export const isOwnText = (text: string, hasOwnForm: boolean): boolean =>
  hasOwnForm || frameworkTexts.has(text);

/** The status and the server's text, for reasons and details. */
export function describe({ status, errorText }: { status: number; errorText: string }): string {
  return errorText === reasonPhrase(status) ? errorText : `HTTP ${status}: ${errorText}`;
}

/** What the HTTP status of a refused query means, if the body does not say it better. */
export function problemKind(status: number): ProviderProblem["kind"] {
  if (status === 401) return "unauthenticated";
  if (status === 404) return "not_found";
  if (status === 429 || status === 503) return "busy";
  return status >= 500 ? "unreachable" : "refused";
}

/**
 * Whether a 404 comes from the router: HTML, an empty body, or JSON without the keys of the application's own
 * answers. Then nothing was processed. A truncated answer proves nothing.
 */
export function isRouteMissing(
  { status, body, contentType }: Omit<HttpResult & { kind: "answer" }, "kind">,
  ownKeys: readonly string[],
): boolean {
  if (status !== 404) return false;
  const json = readLenientJson(body);
  if (json === undefined) return body.trim() === "" || /html/i.test(contentType) || /^\s*</.test(body);
  return typeof json !== "object" || json === null || !ownKeys.some((key) => key in json);
}
