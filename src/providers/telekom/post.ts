import type { HttpResult, ProviderHttp } from "../http.ts";
import { isRouteMissing, printable, reasonPhrase } from "../wire/answers.ts";
import { writeXml } from "../wire/xml.ts";
import type { TelekomSettings } from "./config.ts";
import { sessionLost } from "./errors.ts";
import { readContent, readVerdict, type Verdict } from "./wire.ts";

/** An answer of the API, success or error. */
export interface Answer {
  kind: "answer";
  status: number;
  /** Plain data from JSON or XML; undefined when the body is neither. */
  content: unknown;
  /** Undefined when the body does not come from the application. */
  verdict: Verdict | undefined;
  /** The server's error text, or the name of the HTTP status. */
  errorText: string;
  /** The same for one message in the answer. Neither contains the token or session. */
  textOf(verdict: Verdict): string;
  retryAfterSeconds?: number;
}

/** The result of a request. */
export type Reply =
  | Answer
  | Exclude<HttpResult, { kind: "answer" }>
  /** The base URL is not that of the API: nothing was processed. */
  | { kind: "misrouted" };

export const misroutedText =
  "The Telekom SK API is not found under the base URL; check the connection's base URL.";

/** The fields of a request; undefined ones are left out. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Posts the fields of a function unchanged. */
export type Post = (name: string, fields: Fields) => Promise<Reply>;

export function isSuccess(reply: Reply): boolean {
  return reply.kind === "answer" && reply.verdict?.outcome === "success";
}

export function isSessionLost(reply: Reply): boolean {
  const verdict = reply.kind === "answer" ? reply.verdict : undefined;
  return verdict?.outcome === "error" && sessionLost.has(verdict.code ?? "");
}

/** The last segment of the documented base URL for each format. */
const segments = { JSON: "json", XML: "xml" } as const;
const contentTypes = { JSON: "application/json", XML: "application/xml; charset=UTF-8" } as const;
const accepted = { JSON: "application/json", XML: "application/xml" } as const;

export function createPost({ baseUrl, format, token }: TelekomSettings, http: ProviderHttp): Post {
  const path = new URL(baseUrl).pathname.replace(/(?:\/(?:json|xml))?\/*$/, "");
  const headers = { "content-type": contentTypes[format], accept: accepted[format] };
  return async (name, fields) => {
    const body = format === "XML" ? writeXml("request", withDigits(fields)) : JSON.stringify(fields);
    const request = { method: "POST", path: `${path}/${segments[format]}/${name}`, headers, body } as const;
    const result = await http.request(request);
    return result.kind === "answer" ? readAnswer(result, [token, fields["session_id"]]) : result;
  };
}

/**
 * `0` means false under every reading of the documentation's rule for booleans; the text `false` might mean
 * true.
 */
function withDigits(fields: Fields): Record<string, string | number | undefined> {
  const entries = Object.entries(fields);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === "boolean" ? Number(value) : value]),
  );
}

type HttpAnswer = HttpResult & { kind: "answer" };

/** An answer is accepted in either format, whatever the request and the content type say. */
function readAnswer(answer: HttpAnswer, credentials: readonly Fields[string][]): Reply {
  const content = readContent(answer.body);
  const verdict = readVerdict(content);
  if (verdict === undefined && isMisrouted(answer)) return { kind: "misrouted" };
  const secrets = credentials.filter((secret) => typeof secret === "string");
  const textOf = ({ description, code }: Verdict): string => {
    const said = [description, code && `(${code})`].filter(Boolean).join(" ");
    const redacted = secrets.reduce((line, secret) => line.replaceAll(secret, "***"), said);
    return redacted === "" ? reasonPhrase(answer.status) : printable(redacted);
  };
  const { status, retryAfterSeconds } = answer;
  const errorText = verdict ? textOf(verdict) : reasonPhrase(status);
  return { kind: "answer", status, content, verdict, errorText, textOf, retryAfterSeconds };
}

/** Truncated XML begins like an HTML page, but proves nothing. */
function isMisrouted(answer: HttpAnswer): boolean {
  return isRouteMissing(answer, ["result"]) && !/^\s*<(?:\?xml|response)/i.test(answer.body);
}
