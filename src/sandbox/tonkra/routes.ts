import type { WireAnswer, WireRequest } from "../../wire/exchange.ts";
import { refusals } from "../../wire/tonkra/answers.ts";
import { readFields } from "../../wire/tonkra/requests.ts";
import { findEndpoint, headerProblem, type Api, type Endpoint } from "../../wire/tonkra/routes.ts";
import type { SandboxHandler, SandboxReply } from "../http-server.ts";
import type { TonkraContext } from "./context.ts";
import { listMessages, showBalance, showProfile, viewMessage } from "./lookup.ts";
import { send } from "./send.ts";

interface Call {
  fields: Record<string, unknown>;
  /** The variable part of the path. */
  uid: string;
  /** The URL of the list, for links to its pages. */
  address: string;
}

const runs: Readonly<Record<Endpoint, (context: TonkraContext, call: Call) => SandboxReply>> = {
  send: (context, { fields }) => send(context, fields),
  list: (context, { fields, address }) => listMessages(context, fields, address),
  view: (context, { uid }) => viewMessage(context, uid),
  balance: showBalance,
  me: showProfile,
};

/** As in Laravel: checks the route first, then the headers, the body and the token. */
export function tonkraHandler(context: TonkraContext): SandboxHandler {
  return (request) => {
    const found = findEndpoint(request, context.variant.apis);
    if ("status" in found) return found;
    const { endpoint, api, uid } = found;
    const fields = readFields(request.query, request.body);
    const problem = headerProblem(request) ?? tokenProblem(context, request, api, fields);
    if (problem !== undefined) return problem;
    const address = `http://${request.headers.host}/api/${api}/sms`;
    return runs[endpoint](context, { fields, uid, address });
  };
}

function tokenProblem(
  { token }: TonkraContext,
  { headers }: WireRequest,
  api: Api,
  { api_token: sentToken }: Record<string, unknown>,
): WireAnswer | undefined {
  if (api === "v3") return headers.authorization === `Bearer ${token}` ? undefined : refusals.unauthenticated;
  if (sentToken === undefined) return refusals.noToken;
  return sentToken === token ? undefined : refusals.wrongToken;
}
