import type { HttpRequest, HttpResult, ProviderHttp } from "../http.ts";
import type { TikosmsSettings } from "./config.ts";
import { isOwnText, isRouteMissing, printable, reasonPhrase, type ReplyOf } from "../wire/answers.ts";
import { readLenientJson } from "../wire/json.ts";
import { type Envelope, readEnvelope } from "./wire.ts";

/** An answer of the API, success or error. */
export interface Answer {
  kind: "answer";
  status: number;
  /** Numbers are kept as their literal text; undefined when the body is not JSON. */
  json: unknown;
  /** The fields common to all answers; undefined when the body is not a JSON object. */
  envelope: Envelope | undefined;
  /** The server's error text, or the name of the HTTP status; without the token. */
  errorText: string;
  retryAfterSeconds?: number;
}

export type Reply = ReplyOf<Answer>;

/** The application's own answers have at least one of these keys; those of its router have none. */
const ownKeys = ["success", "error"];

export const misroutedText =
  "The TikoSMS API is not found under the base URL; check the connection's base URL.";

/**
 * The TikoSMS API at the connection's base URL and prefix, with its token. Paths start after the prefix, such
 * as `/message`.
 */
export interface Transport {
  get(path: string, query?: Readonly<Record<string, string>>): Promise<Reply>;
  /** A request for a list rather than for a single message. */
  list(path: string): Promise<Reply>;
  post(path: string, content: object): Promise<Reply>;
}

/**
 * The TikoSMS OpenAPI has every route under `/v1`, one example of the documentation under `/api/v1`. A 404 of
 * the router, unlike one of the application, proves that nothing was processed. The same request then goes to
 * the other prefix, once, and the prefix that worked is kept.
 */
export function createTransport(settings: TikosmsSettings, http: ProviderHttp): Transport {
  const path = new URL(settings.baseUrl).pathname.replace(/\/+$/, "");
  const alternative = path === "" ? "/api/v1" : path;
  let prefix = path === "" ? "/v1" : path;

  const request = async (route: HttpRequest, under: string): Promise<Reply> => {
    const result = await http.request({
      ...route,
      path: `${under}${route.path}`,
      headers: headers(settings),
    });
    if (result.kind !== "answer") return result;
    return isRouteMissing(result, ownKeys) ? { kind: "misrouted" } : readAnswer(result, settings);
  };
  const send = async (route: HttpRequest): Promise<Reply> => {
    const tried = prefix;
    const reply = await request(route, tried);
    if (reply.kind !== "misrouted" || tried === alternative) return reply;
    const second = await request(route, alternative);
    if (second.kind === "answer") prefix = alternative;
    return second;
  };
  return {
    get: (route, query) => send({ method: "GET", path: route, query }),
    list: (route) => send({ method: "GET", path: route, isList: true }),
    post: (route, content) => send({ method: "POST", path: route, body: JSON.stringify(content) }),
  };
}

/** Without `Accept`, Laravel may answer an invalid request with a redirect or HTML instead of the error. */
function headers({ apiToken }: TikosmsSettings): Record<string, string> {
  return {
    authorization: `Bearer ${apiToken}`,
    accept: "application/json",
    "content-type": "application/json",
  };
}

type HttpAnswer = HttpResult & { kind: "answer" };

function readAnswer(answer: HttpAnswer, { apiToken }: TikosmsSettings): Answer {
  const json = readLenientJson(answer.body);
  const envelope = readEnvelope(json);
  const text = envelope?.error ?? envelope?.message ?? firstText(envelope?.errors);
  const said = text !== undefined && isOwnText(text, isOwnForm(envelope)) ? text : undefined;
  return {
    kind: "answer",
    status: answer.status,
    json,
    envelope,
    errorText: said === undefined ? reasonPhrase(answer.status) : printable(said.replaceAll(apiToken, "***")),
    retryAfterSeconds: answer.retryAfterSeconds,
  };
}

/** Errors say `success`; only a refused token has nothing but its text (TikoSMS OpenAPI). Fields in error are Laravel's. */
function isOwnForm(envelope: Envelope | undefined): boolean {
  const { success, errors, error } = envelope ?? {};
  return success !== undefined || errors !== undefined || error === "User not authenticated";
}

/** The first message in Laravel's `{"errors":{"from":["…"]}}`. */
function firstText(errors: Envelope["errors"]): string | undefined {
  const texts = Object.values(errors ?? {}).flat();
  return texts.find((value): value is string => typeof value === "string" && value.trim() !== "");
}
