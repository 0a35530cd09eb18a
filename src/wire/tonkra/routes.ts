import type { WireAnswer, WireRequest } from "../exchange.ts";
import { isJsonRequest, methodNotAllowed, routeNotFound } from "../laravel.ts";
import { refusals } from "./answers.ts";
import { parseBody } from "./requests.ts";

export type Endpoint = "send" | "list" | "view" | "balance" | "me";
export type Api = "http" | "v3";

interface Route {
  endpoint: Endpoint;
  pattern: RegExp;
  methods: readonly string[];
}

/** The first match counts. The documentation writes the list with and without a final slash. */
const routes: readonly Route[] = [
  { endpoint: "send", pattern: /^sms\/send$/, methods: ["POST", "GET"] },
  { endpoint: "list", pattern: /^sms\/?$/, methods: ["GET"] },
  { endpoint: "view", pattern: /^sms\/([^/]+)$/, methods: ["GET"] },
  { endpoint: "balance", pattern: /^balance$/, methods: ["GET"] },
  { endpoint: "me", pattern: /^me$/, methods: ["GET"] },
];

export interface Found {
  endpoint: Endpoint;
  api: Api;
  /** The variable part of the path. */
  uid: string;
}

/** As in Laravel: what is wrong with path and method is said first. */
export function findEndpoint(
  request: Pick<WireRequest, "method" | "path">,
  served: Api | "both" = "both",
): Found | WireAnswer {
  const [, named, path = ""] = /^\/api\/(http|v3)\/(.+)$/.exec(request.path) ?? [];
  const api: Api = named === "v3" ? "v3" : "http";
  const route = routes.find(({ pattern }) => pattern.test(path));
  if (route === undefined || (served !== "both" && served !== api)) return routeNotFound(request);
  if (!route.methods.includes(request.method)) return methodNotAllowed(request, route.methods.join(", "));
  const [, uid = ""] = route.pattern.exec(path) ?? [];
  return { endpoint: route.endpoint, api, uid };
}

/**
 * Both headers are required with every request; to a lenient server only those that matter, since the documentation
 * prints an address alone for GET, and an error object for whatever fails.
 */
export function headerProblem(
  request: Pick<WireRequest, "headers" | "body">,
  isLenient = false,
): WireAnswer | undefined {
  const { accept = isLenient ? "*/*" : "" } = request.headers;
  const isWanted = /\bapplication\/json\b/i.test(accept) || (isLenient && accept.includes("*/*"));
  if (!isWanted) return isLenient ? refusals.wrongAccept : refusals.notAcceptable;
  if (!isJsonRequest(request) && !(isLenient && request.body === "")) return refusals.notJson;
  return request.body !== "" && parseBody(request.body, isLenient) === undefined
    ? refusals.brokenJson
    : undefined;
}
