import { maxElements } from "../../providers/callback-bounds.ts";
import { refusal } from "../../wire/qikli/answers.ts";
import { findEndpoint, formatOf, formatProblem, wantedFormat } from "../../wire/qikli/routes.ts";
import type { BodySize, ServedCall } from "../frame/call.ts";
import { checkFields } from "../frame/fields.ts";
import type { Fault, ServedVendor } from "../frame/vendor.ts";
import { refusalOf } from "./errors.ts";
import { pullReports, showLogs } from "./reports.ts";
import { send } from "./send.ts";

/** Of reports and logs. */
const maxRows = 1_000;
/** Thousands of destinations, some with a long text of their own. */
const largest: BodySize = { bytes: 8 * 1024 * 1024, elements: maxElements };

const formatFor = (call: ServedCall) => wantedFormat(call.headers) ?? "application/json";

const faults = {
  tooLarge: "tooLarge",
  unreadable: "badRequest",
  internal: "general",
} as const satisfies Record<Fault, string>;

/** The API of Qikli. The route is looked at first, then the credentials, the formats and the body. */
export const qikli: ServedVendor = {
  api: "QIKLI",
  async serve(call) {
    const found = findEndpoint(call, true);
    if ("status" in found) return found;
    const { endpoint, wanted } = found;
    const viewer = await call.identify(passwordOf(call.headers.authorization ?? ""));
    const problem = formatProblem(call, found);
    if (problem !== undefined) return problem;
    if (endpoint === "advanced") await call.admit(viewer, "SEND");
    else await call.admit(viewer, "READ", maxRows);
    checkFields(call.query);
    if (endpoint === "reports") return pullReports(call, viewer, wanted);
    if (endpoint === "logs") return showLogs(call, viewer, wanted);
    const sent = formatOf(call.headers["content-type"]) ?? wanted;
    return send(call, viewer, await call.body(viewer, largest), { sent, wanted });
  },
  refuse: (error, call) => refusalOf(error, formatFor(call)),
  fail: (fault, call) => refusal(formatFor(call), faults[fault]),
};

/** The key is the password; the user name may be anything. */
function passwordOf(authorization: string): string | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=]{1,2000})$/i.exec(authorization.trim())?.[1];
  const text = encoded === undefined ? "" : Buffer.from(encoded, "base64").toString();
  const colon = text.indexOf(":");
  return colon === -1 ? undefined : text.slice(colon + 1);
}
