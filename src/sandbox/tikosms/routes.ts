import type { SandboxHandler, SandboxReply } from "../http-server.ts";
import type { WireRequest } from "../../wire/exchange.ts";
import { fieldsOf, isJsonRequest, parseJson, queryAndBody } from "../../wire/laravel.ts";
import { refusals } from "../../wire/tikosms/answers.ts";
import { findEndpoint, type Endpoint, type Prefix } from "../../wire/tikosms/routes.ts";
import type { TikosmsContext } from "./context.ts";
import { listCampaigns, lookUpMessages, showBalance, showRate } from "./lookup.ts";
import { submitBulk, submitSingle } from "./submit.ts";

/** Both are in the documentation; tests can serve only one. */
export type TikosmsPrefix = Prefix | "both";

type Run = (context: TikosmsContext, input: unknown) => SandboxReply | Promise<SandboxReply>;

const runs: Readonly<Record<Endpoint, Run>> = {
  message: submitSingle,
  messages: submitBulk,
  get_message: lookUpMessages,
  get_messages: listCampaigns,
  balance: showBalance,
  "sms-rates": showRate,
};

/** As in Laravel: checks the route first, then the token and the body. */
export function tikosmsHandler(context: TikosmsContext, prefix: TikosmsPrefix): SandboxHandler {
  return (request) => {
    const found = findEndpoint(request, prefix === "both" ? undefined : prefix);
    if ("status" in found) return found;
    if (request.headers.authorization !== `Bearer ${context.token}`) return refusals.unauthenticated;
    const run = runs[found.endpoint];
    // The documentation shows look-ups with a query and with a body.
    return found.method === "POST" ? runPost(context, run, request) : run(context, queryAndBody(request));
  };
}

function runPost(context: TikosmsContext, run: Run, request: WireRequest) {
  if (!isJsonRequest(request)) return refusals.notJson;
  const body = parseJson(request.body);
  return body === undefined ? refusals.brokenJson : run(context, fieldsOf(body));
}
