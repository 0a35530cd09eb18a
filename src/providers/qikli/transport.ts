import type { HttpRequest, HttpResult, ProviderHttp } from "../http.ts";
import type { ProviderProblem } from "../provider.ts";
import {
  describe,
  isRouteMissing,
  printable,
  problemKind,
  reasonPhrase,
  unansweredProblem,
} from "../wire/answers.ts";
import type { QikliSettings } from "./config.ts";
import { readDocument, readRefusal, type ServiceException } from "./wire.ts";

/** An answer of the API, success or error. */
export interface Answer {
  kind: "answer";
  status: number;
  contentType: string;
  body: string;
  /** The body as plain data; undefined when it is neither JSON nor XML. */
  document: unknown;
  /** The `requestError` in the body. It marks an error under any HTTP status. */
  refusal: ServiceException | undefined;
  /** The server's error text, or the name of the HTTP status; without the credentials. */
  errorText: string;
  /** The base URL is not that of the API: nothing was processed. */
  isMisrouted: boolean;
  retryAfterSeconds?: number;
}

export type Reply = Answer | Exclude<HttpResult, { kind: "answer" }>;

export const sendPath = "/sms/2/text/advanced";

/**
 * The Qikli API at the connection's base URL, with its credentials. Paths start after the prefix, such as
 * `/sms/1/reports`.
 */
export interface Transport {
  get(path: string, query: Readonly<Record<string, string>> | URLSearchParams): Promise<Reply>;
  /** A request for a list rather than for a single message. */
  list(path: string, query: Readonly<Record<string, string>>): Promise<Reply>;
  /** The body is in the connection's format. */
  post(path: string, body: string): Promise<Reply>;
  /** The provider's text on one line, without the credentials. */
  clean: (text: string) => string;
}

export function createTransport(settings: QikliSettings, http: ProviderHttp): Transport {
  const path = new URL(settings.baseUrl).pathname.replace(/\/+$/, "");
  // The Qikli documentation calls the whole send URL its base URL.
  const prefix = path.endsWith(sendPath) ? path.slice(0, -sendPath.length) : path;
  const credentials = Buffer.from(`${settings.username}:${settings.password}`).toString("base64");
  const type = mediaType(settings.format);
  // Without a content type Qikli answers "General error". `Accept` alone decides the format of the answer.
  const headers = { authorization: `Basic ${credentials}`, "content-type": type, accept: type };
  const clean = (text: string): string =>
    printable(text.replaceAll(settings.password, "***").replaceAll(credentials, "***"));

  const send = async (request: HttpRequest): Promise<Reply> => {
    const result = await http.request({ ...request, path: `${prefix}${request.path}`, headers });
    return result.kind === "answer" ? readAnswer(result, clean) : result;
  };
  return {
    get: (route, query) => send({ method: "GET", path: route, query }),
    list: (route, query) => send({ method: "GET", path: route, query, isList: true }),
    post: (route, body) => send({ method: "POST", path: route, body }),
    clean,
  };
}

export function mediaType(format: QikliSettings["format"]): string {
  return format === "JSON" ? "application/json" : "application/xml";
}

function readAnswer(answer: HttpResult & { kind: "answer" }, clean: (text: string) => string): Answer {
  const document = readDocument(answer.body);
  const refusal = readRefusal(document);
  const said = refusal && (complaint(refusal.validationErrors) ?? refusal.text ?? refusal.messageId);
  return {
    ...answer,
    document,
    refusal,
    errorText: said === undefined ? reasonPhrase(answer.status) : clean(said),
    isMisrouted: answer.status === 404 && (refusal !== undefined || isRouteMissing(answer, ["requestError"])),
  };
}

/** `{"messages[0].to":["may not be empty"]}`, or a text, or nothing. */
function complaint(errors: unknown): string | undefined {
  if (typeof errors === "string" && errors.trim() !== "") return errors;
  if (typeof errors !== "object" || errors === null) return undefined;
  const [first] = Object.entries(errors);
  if (first === undefined) return undefined;
  const texts = [first[1]].flat().filter((text) => typeof text === "string");
  return [first[0], ...texts].join(" ");
}

/** Why a query has no answer; undefined when it has one. */
export function problemOf(reply: Reply): ProviderProblem | undefined {
  if (reply.kind !== "answer") return unansweredProblem(reply);
  const { status, refusal, retryAfterSeconds } = reply;
  if (status >= 200 && status < 300 && !refusal) return undefined;
  const kind = problemKinds.get(errorWord(refusal)) ?? problemKind(status);
  return { kind, detail: describe(reply), retryAfterSeconds };
}

/** The platform's words for request errors. They hold under any HTTP status. */
const problemKinds: ReadonlyMap<string, ProviderProblem["kind"]> = new Map([
  ["UNAUTHORIZED", "unauthenticated"],
  ["FORBIDDEN", "refused"],
  ["BAD_REQUEST", "refused"],
  ["TOO_MANY_REQUESTS", "busy"],
]);

/** In upper case; empty when there is none. */
export function errorWord(refusal: ServiceException | undefined): string {
  return refusal?.messageId?.trim().toUpperCase() ?? "";
}
