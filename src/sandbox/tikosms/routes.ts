import { jsonReply, type SandboxHandler, type SandboxReply, type SandboxRequest } from "../http-server.ts";
import {
  brokenJson,
  fieldsOf,
  isJsonRequest,
  methodNotAllowed,
  notJson,
  parseJson,
  queryAndBody,
  routeNotFound,
} from "../laravel.ts";
import type { TikosmsContext } from "./context.ts";
import { listCampaigns, lookUpMessages, showBalance, showRate } from "./lookup.ts";
import { submitBulk, submitSingle } from "./submit.ts";

/** Both are in the documentation; tests can serve only one. */
export type TikosmsPrefix = "/v1" | "/api/v1" | "both";

interface Route {
  method: "GET" | "POST";
  run(context: TikosmsContext, input: unknown): SandboxReply | Promise<SandboxReply>;
}

const routes: Readonly<Record<string, Route>> = {
  message: { method: "POST", run: submitSingle },
  messages: { method: "POST", run: submitBulk },
  get_message: { method: "GET", run: lookUpMessages },
  get_messages: { method: "GET", run: listCampaigns },
  balance: { method: "GET", run: showBalance },
  "sms-rates": { method: "GET", run: showRate },
};

/** As in Laravel: checks the route first, then the token and the body. */
export function tikosmsHandler(context: TikosmsContext, prefix: TikosmsPrefix): SandboxHandler {
  return (request) => {
    const [, servedAs, name = ""] = /^(\/v1|\/api\/v1)\/([^/]+)$/.exec(request.path) ?? [];
    const route = Object.hasOwn(routes, name) ? routes[name] : undefined;
    if (route === undefined || (prefix !== "both" && prefix !== servedAs)) return routeNotFound(request);
    if (request.method !== route.method) return methodNotAllowed(request, route.method);
    if (request.headers.authorization !== `Bearer ${context.token}`) {
      return jsonReply(401, { error: "User not authenticated" });
    }
    return route.method === "POST" ? runPost(context, route, request) : runGet(context, route, request);
  };
}

function runPost(context: TikosmsContext, route: Route, request: SandboxRequest) {
  if (!isJsonRequest(request)) return notJson;
  const body = parseJson(request.body);
  return body === undefined ? brokenJson : route.run(context, fieldsOf(body));
}

/** The documentation shows look-ups with a query and with a body. */
function runGet(context: TikosmsContext, route: Route, request: SandboxRequest) {
  return route.run(context, queryAndBody(request));
}
