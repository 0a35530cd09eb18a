import { htmlPage } from "../faults.ts";
import { jsonReply, type SandboxHandler, type SandboxReply, type SandboxRequest } from "../http-server.ts";
import {
  brokenJson,
  isJsonRequest,
  methodNotAllowed,
  notJson,
  parseJson,
  queryAndBody,
  routeNotFound,
} from "../laravel.ts";
import type { TonkraContext } from "./context.ts";
import { listMessages, showBalance, showProfile, viewMessage } from "./lookup.ts";
import { error } from "./replies.ts";
import { send } from "./send.ts";

interface Call {
  fields: Record<string, unknown>;
  /** The variable part of the path. */
  uid: string;
  /** The URL of the list, for links to its pages. */
  address: string;
}

interface Route {
  pattern: RegExp;
  methods: readonly string[];
  run(context: TonkraContext, call: Call): SandboxReply;
}

/** The first match counts. The documentation writes the list with and without a final slash. */
const routes: readonly Route[] = [
  { pattern: /^sms\/send$/, methods: ["POST", "GET"], run: (context, { fields }) => send(context, fields) },
  {
    pattern: /^sms\/?$/,
    methods: ["GET"],
    run: (context, { fields, address }) => listMessages(context, fields, address),
  },
  { pattern: /^sms\/([^/]+)$/, methods: ["GET"], run: (context, { uid }) => viewMessage(context, uid) },
  { pattern: /^balance$/, methods: ["GET"], run: showBalance },
  { pattern: /^me$/, methods: ["GET"], run: showProfile },
];

/** As in Laravel: checks the route first, then the headers, the body and the token. */
export function tonkraHandler(context: TonkraContext): SandboxHandler {
  return (request) => {
    const [, api = "", path = ""] = /^\/api\/(http|v3)\/(.+)$/.exec(request.path) ?? [];
    const route = routes.find(({ pattern }) => pattern.test(path));
    const { apis } = context.variant;
    if (route === undefined || (apis !== "both" && apis !== api)) return routeNotFound(request);
    if (!route.methods.includes(request.method)) return methodNotAllowed(request, route.methods.join(", "));
    const fields = queryAndBody(request);
    const problem = headerProblem(request) ?? tokenProblem(context, request, api, fields);
    if (problem !== undefined) return problem;
    const [, uid = ""] = route.pattern.exec(path) ?? [];
    return route.run(context, { fields, uid, address: `http://${request.headers.host}/api/${api}/sms` });
  };
}

/** Both headers are required with every request. Without `Accept` Laravel takes the client for a browser. */
function headerProblem(request: SandboxRequest): SandboxReply | undefined {
  if (!/\bapplication\/json\b/i.test(request.headers.accept ?? "")) return { ...htmlPage, status: 406 };
  if (!isJsonRequest(request)) return notJson;
  return request.body !== "" && parseJson(request.body) === undefined ? brokenJson : undefined;
}

/** A wrong token gives an error with HTTP 200, except in the third version of the API. */
function tokenProblem(
  { token }: TonkraContext,
  { headers }: SandboxRequest,
  api: string,
  { api_token: sentToken }: Record<string, unknown>,
): SandboxReply | undefined {
  if (api === "v3") {
    const isRight = headers.authorization === `Bearer ${token}`;
    return isRight ? undefined : jsonReply(401, { message: "Unauthenticated." });
  }
  if (sentToken === undefined) return error(200, "The api token field is required.");
  return sentToken === token ? undefined : error(200, "These credentials do not match our records.");
}
