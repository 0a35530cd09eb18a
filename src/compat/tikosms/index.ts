import { setImmediate as nextTurn } from "node:timers/promises";
import type { Viewer } from "../../access/api-keys.ts";
import type { Scope } from "../../access/scopes.ts";
import { readBearer } from "../../access/bearer.ts";
import type { WireAnswer } from "../../wire/exchange.ts";
import { fieldsOf, isJsonRequest, parseJson, queryAndBody, serverError } from "../../wire/laravel.ts";
import { refusals } from "../../wire/tikosms/answers.ts";
import { findEndpoint, type Endpoint } from "../../wire/tikosms/routes.ts";
import type { BodySize, ServedCall } from "../frame/call.ts";
import { checkFields } from "../frame/fields.ts";
import type { Fault, ServedAnswer, ServedVendor } from "../frame/vendor.ts";
import { refusalOf } from "./errors.ts";
import { showBalance, showCampaigns, showMessages, showRate } from "./look-up.ts";
import { sendMany, sendOne } from "./send.ts";

interface Run {
  scope: Scope;
  /** How many messages it may read. */
  rows?: number;
  run: (call: ServedCall, viewer: Viewer, input: unknown) => Promise<ServedAnswer>;
}

const runs: Readonly<Record<Endpoint, Run>> = {
  message: { scope: "SEND", run: sendOne },
  messages: { scope: "SEND", run: sendMany },
  // The messages of a campaign are read in pages, while they are sent.
  get_message: { scope: "READ", rows: 1_000, run: showMessages },
  get_messages: { scope: "READ", rows: 1_000, run: showCampaigns },
  balance: { scope: "READ", run: showBalance },
  "sms-rates": { scope: "READ", run: showRate },
};

const faults: Readonly<Record<Fault, WireAnswer>> = {
  tooLarge: refusals.tooLarge,
  unreadable: refusals.brokenJson,
  internal: serverError,
};

/** The API of TikoSMS. As in Laravel, the route is looked at first, then the token and the body. */
export const tikosms: ServedVendor = {
  api: "TIKOSMS",
  async serve(call) {
    const found = findEndpoint(call);
    if ("status" in found) return found;
    const viewer = await call.identify(readBearer(call.headers.authorization ?? ""));
    const { scope, rows, run } = runs[found.endpoint];
    await call.admit(viewer, scope, rows);
    const size = found.endpoint === "messages" ? largest : undefined;
    const input = await (found.method === "POST" ? readPosted(call, viewer, size) : readAsked(call, viewer));
    if ("status" in input) return input;
    // Each recipient of a campaign is checked by itself, and refused alone.
    checkFields(Object.entries(input.fields).filter(([name]) => name !== "recipients"));
    return run(call, viewer, input.fields);
  },
  refuse: refusalOf,
  fail: (fault) => faults[fault],
};

/** 100,000 recipients with all fields. */
const largest: BodySize = { bytes: 32 * 1024 * 1024, elements: 4_000_000 };

async function readPosted(
  call: ServedCall,
  viewer: Viewer,
  size?: BodySize,
): Promise<{ fields: object } | WireAnswer> {
  if (!isJsonRequest(call)) return refusals.notJson;
  const text = await call.body(viewer, size);
  // Each step takes long for a large body: others come in between.
  if (size) await nextTurn();
  const body = parseJson(text);
  if (size) await nextTurn();
  return body === undefined ? refusals.brokenJson : { fields: fieldsOf(body) };
}

/** The documentation shows look-ups with a query and with a body. */
async function readAsked(call: ServedCall, viewer: Viewer): Promise<{ fields: object }> {
  return { fields: queryAndBody({ query: call.query, body: await call.body(viewer) }) };
}
