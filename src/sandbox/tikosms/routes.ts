import { jsonReply, type SandboxHandler, type SandboxReply, type SandboxRequest } from "../http-server.ts";
import type { TikosmsContext } from "./context.ts";
import { listCampaigns, lookUpMessages, showBalance, showRate } from "./lookup.ts";
import { submitBulk, submitSingle } from "./submit.ts";

/** The documents print both; tests can serve one alone. */
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

/** Like Laravel: the route is looked for first, then the token, then the body. */
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
  if (!/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "")) {
    return jsonReply(415, { message: "The Content-Type header must be application/json." });
  }
  const body = parseJson(request.body);
  if (body === undefined) return jsonReply(400, { message: "The request body is not valid JSON." });
  return route.run(context, fieldsOf(body));
}

/** The documents print look-ups with a query and with a body: the query wins, field by field. */
function runGet(context: TikosmsContext, route: Route, request: SandboxRequest) {
  const given = [...request.query].filter(([, value]) => value !== "");
  return route.run(context, { ...fieldsOf(parseJson(request.body)), ...Object.fromEntries(given) });
}

/** Undefined when it is not JSON; JSON has no word for undefined. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldsOf(body: unknown): object {
  return typeof body === "object" && body !== null && !Array.isArray(body) ? body : {};
}

function routeNotFound({ path }: SandboxRequest): SandboxReply {
  return jsonReply(404, { message: `The route ${path.slice(1)} could not be found.` });
}

function methodNotAllowed({ method, path }: SandboxRequest, allowed: string): SandboxReply {
  const message = `The ${method} method is not supported for route ${path.slice(1)}. Supported methods: ${allowed}.`;
  return jsonReply(405, { message }, { allow: allowed });
}
