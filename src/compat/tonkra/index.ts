import type { Viewer } from "../../access/api-keys.ts";
import { readBearer } from "../../access/bearer.ts";
import type { WireAnswer } from "../../wire/exchange.ts";
import { serverError } from "../../wire/laravel.ts";
import { refusals } from "../../wire/tonkra/answers.ts";
import { readFields } from "../../wire/tonkra/requests.ts";
import { findEndpoint, headerProblem, type Found } from "../../wire/tonkra/routes.ts";
import type { ServedCall } from "../frame/call.ts";
import { checkFields } from "../frame/fields.ts";
import type { Fault, ServedVendor } from "../frame/vendor.ts";
import { refusalOf } from "./errors.ts";
import { list, showBalance, showProfile, view } from "./look-up.ts";
import { send } from "./send.ts";

const faults: Readonly<Record<Fault, WireAnswer>> = {
  tooLarge: refusals.tooLarge,
  unreadable: refusals.brokenJson,
  internal: serverError,
};

/** The API of Tonkra. As in Laravel, the route is looked at first, then the headers, the body and the token. */
export const tonkra: ServedVendor = {
  api: "TONKRA",
  async serve(call) {
    const found = findEndpoint(call);
    if ("status" in found) return found;
    return found.api === "v3" ? serveBearer(call, found) : serveToken(call, found);
  },
  refuse(error, call) {
    if (error.code !== "UNAUTHENTICATED") return refusalOf(error);
    return call.path.startsWith("/api/v3/") ? refusals.unauthenticated : refusals.wrongToken;
  },
  fail: (fault) => faults[fault],
};

/** In the third version of the API, the key is in a header. */
async function serveBearer(call: ServedCall, found: Found): Promise<WireAnswer> {
  const token = readBearer(call.headers.authorization ?? "");
  const viewer = await call.identify(token);
  const body = await call.body(viewer);
  const problem = headerProblem({ headers: call.headers, body }, true);
  return (
    problem ?? run(call, viewer, { ...found, fields: readFields(call.query, body, true), token: token ?? "" })
  );
}

/** The key is among the fields, so a body is read before it is known who sends it: only a short one. */
async function serveToken(call: ServedCall, found: Found): Promise<WireAnswer> {
  const body = await call.body();
  const problem = headerProblem({ headers: call.headers, body }, true);
  if (problem) return problem;
  const fields = readFields(call.query, body, true);
  const { api_token: token } = fields;
  if (token === undefined || token === null || token === "") return refusals.noToken;
  if (typeof token !== "string") return refusals.wrongToken;
  const viewer = await call.identify(token);
  return run(call, viewer, { ...found, fields, token });
}

interface Asked extends Found {
  fields: Record<string, unknown>;
  token: string;
}

async function run(call: ServedCall, viewer: Viewer, asked: Asked): Promise<WireAnswer> {
  await call.admit(viewer, asked.endpoint === "send" ? "SEND" : "READ");
  checkFields(Object.entries(asked.fields));
  switch (asked.endpoint) {
    case "send":
      return send(call, viewer, asked.fields);
    case "list":
      return list(call, viewer, asked.fields, asked.api);
    case "view":
      return view(call, viewer, asked.uid);
    case "balance":
      return showBalance(call, viewer);
    case "me":
      return showProfile(call, viewer, asked.token);
  }
}
