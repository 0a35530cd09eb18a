import type { HttpRequest, HttpResult, ProviderHttp } from "../http.ts";
import { isOwnText, isRouteMissing, printable, reasonPhrase, type ReplyOf } from "../wire/answers.ts";
import { readLenientJson } from "../wire/json.ts";
import type { TonkraSettings } from "./config.ts";
import { readEnvelope } from "./wire.ts";

/** An answer of the API, success or error. */
export interface Answer {
  kind: "answer";
  status: number;
  /** Numbers are kept as their literal text; undefined when the body is not JSON, even after repair. */
  json: unknown;
  /** The body's verdict, which counts more than the HTTP status. */
  verdict: "success" | "error" | undefined;
  /** The body's `message`, without the token. */
  message: string | undefined;
  /** The message where it has the form of Tonkra's own, otherwise the name of the HTTP status. */
  errorText: string;
  retryAfterSeconds?: number;
}

export type Reply = ReplyOf<Answer>;

export const misroutedText =
  "The Tonkra API is not found under the base URL; check the connection's base URL and API.";

/**
 * The Tonkra API at the connection's base URL and prefix, with its token. Paths start after the prefix, such
 * as `/sms/send`.
 */
export interface Transport {
  get(path: string, query?: Readonly<Record<string, string>>): Promise<Reply>;
  /** A request for a list rather than for a single message. */
  list(path: string, query: Readonly<Record<string, string>>): Promise<Reply>;
  post(path: string, content: object): Promise<Reply>;
}

/** Both are required with every request (Tonkra documentation). */
const contentHeaders = { accept: "application/json", "content-type": "application/json" };

export function createTransport(settings: TonkraSettings, http: ProviderHttp): Transport {
  // The endpoint in the Tonkra documentation is the whole URL of a route.
  const path = new URL(settings.baseUrl).pathname.replace(
    /(?:\/sms\/send|(?<=\/api\/(?:http|v3))\/sms)?\/*$/,
    "",
  );
  const prefix = path === "" ? `/api/${settings.api.toLowerCase()}` : path;
  const { headers, fields } = credentials(settings);
  const send = async (route: HttpRequest): Promise<Reply> => {
    const result = await http.request({
      ...route,
      path: `${prefix}${route.path}`,
      headers: { ...contentHeaders, ...headers },
    });
    if (result.kind !== "answer") return result;
    return isMissing(result) ? { kind: "misrouted" } : readAnswer(result, settings);
  };
  // The documentation has a GET with the token in a JSON body, which proxies may drop. The platform also
  // reads the query, so the token is sent in both.
  const body = settings.api === "V3" ? undefined : JSON.stringify(fields);
  return {
    get: (route, query) => send({ method: "GET", path: route, query: { ...fields, ...query }, body }),
    list: (route, query) =>
      send({ method: "GET", path: route, query: { ...fields, ...query }, body, isList: true }),
    post: (route, content) =>
      send({ method: "POST", path: route, body: JSON.stringify({ ...fields, ...content }) }),
  };
}

/** The token is a field of the request, or the bearer header in the third version (public clients). */
function credentials({
  api,
  apiToken,
}: TonkraSettings): Record<"headers" | "fields", Record<string, string>> {
  return api === "V3"
    ? { headers: { authorization: `Bearer ${apiToken}` }, fields: {} }
    : { headers: {}, fields: { api_token: apiToken } };
}

type HttpAnswer = HttpResult & { kind: "answer" };

/** Answers of the application have a `status`, except, in some versions, the 404 for an unknown message. */
function isMissing(answer: HttpAnswer): boolean {
  return isRouteMissing(answer, ["status"]) && !/no query results/i.test(answer.body);
}

function readAnswer({ status, body, retryAfterSeconds }: HttpAnswer, { apiToken }: TonkraSettings): Answer {
  const json = readLenientJson(body);
  const { status: word, message: said, errors } = readEnvelope(json) ?? {};
  const verdict = word?.trim().toLowerCase();
  const message = said === undefined ? undefined : printable(withoutToken(said, apiToken));
  const isKnown = verdict === "success" || verdict === "error";
  return {
    kind: "answer",
    status,
    json,
    verdict: isKnown ? verdict : undefined,
    message,
    errorText:
      message !== undefined && isOwnText(message, isKnown || errors !== undefined)
        ? message
        : reasonPhrase(status),
    retryAfterSeconds,
  };
}

function withoutToken(text: string, token: string): string {
  return text.replaceAll(token, "***").replaceAll(encodeURIComponent(token), "***");
}
