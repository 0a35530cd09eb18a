import type { Viewer } from "../../access/api-keys.ts";
import { isUuid } from "../../lib/uuid.ts";
import type { WireAnswer } from "../../wire/exchange.ts";
import { describeInSlovak } from "../../wire/telekom/codes.ts";
import { failure, readFields, readQuery, type Fields, type Format } from "../../wire/telekom/format.ts";
import { credentialOf, findEndpoint, type Endpoint } from "../../wire/telekom/routes.ts";
import type { ServedCall } from "../frame/call.ts";
import { checkFields } from "../frame/fields.ts";
import type { Fault, ServedVendor } from "../frame/vendor.ts";
import { refusalOf, sessionNotFound } from "./errors.ts";
import { functions } from "./functions.ts";
import { touchSession } from "./sessions.ts";

/** `auth` and `ping` are of use to every key. */
const scopes = {
  auth: undefined,
  ping: undefined,
  send_message: "SEND",
  check_message: "READ",
  "sms-groups": "READ",
  check_phone_number: "READ",
} as const satisfies Record<Endpoint, string | undefined>;

const formatOf = ({ path }: ServedCall): Format => (path.startsWith("/xml/") ? "xml" : "json");

const faults: Readonly<Record<Fault, { code: string; status: number }>> = {
  tooLarge: { code: "MESSAGE_TOO_LONG", status: 413 },
  unreadable: { code: "INVALID_REQUEST", status: 400 },
  internal: { code: "INTERNAL_ERROR", status: 500 },
};

/** The API of Telekom SK: the same functions in JSON and in XML. */
export const telekom: ServedVendor = {
  api: "TELEKOM",
  async serve(call) {
    const found = findEndpoint(call);
    if ("status" in found) return found;
    const { endpoint, format } = found;
    const isGet = call.method === "GET";
    if (!isGet && call.method !== "POST") return failure(format, "GET_REQUEST_FORBIDDEN");
    const fields = isGet ? readQuery(format, call.query) : readFields(format, await call.body());
    if (fields === undefined) return failure(format, "INVALID_REQUEST", undefined, 400);
    checkFields(fields);
    const viewer = await identify(call, endpoint, fields, format);
    if ("status" in viewer) return viewer;
    if (isGet && viewer.allowsGet !== true) return failure(format, "GET_REQUEST_FORBIDDEN");
    const scope = scopes[endpoint];
    if (scope !== undefined) await call.admit(viewer, scope);
    else call.admitAny(viewer);
    return functions[endpoint](call, viewer, fields, format);
  },
  refuse: (error, call) => refusalOf(error, formatOf(call)),
  fail: (fault, call) => failure(formatOf(call), faults[fault].code, undefined, faults[fault].status),
};

/** "The application also stores this session_id in an encrypted cookie": for clients that send nothing else. */
function cookieOf(
  { headers }: ServedCall,
  fields: Fields,
): { kind: "session_id"; value: string } | undefined {
  if (fields.has("token") || fields.has("session_id") || isOfAnotherPage(headers)) return undefined;
  const [, encoded] = /(?:^|;\s*)session=([\w-]{1,100})/.exec(headers.cookie ?? "") ?? [];
  if (encoded === undefined) return undefined;
  return { kind: "session_id", value: Buffer.from(encoded, "base64url").toString() };
}

/** A browser adds its cookies to what pages of other sites ask too. */
const isOfAnotherPage = ({ origin, "sec-fetch-site": site }: ServedCall["headers"]): boolean =>
  origin !== undefined || (site !== undefined && site !== "same-origin" && site !== "none");

/** By the key or by a session of it: exactly one of them. */
async function identify(
  call: ServedCall,
  endpoint: Endpoint,
  fields: Fields,
  format: Format,
): Promise<Viewer | WireAnswer> {
  const inSlovak = (code: string) => (endpoint === "send_message" ? describeInSlovak(code) : undefined);
  const credential = credentialOf(endpoint, fields) ?? cookieOf(call, fields);
  if (credential === undefined) {
    return failure(format, "AUTHENTICATION_REQUIRED", inSlovak("AUTHENTICATION_REQUIRED"));
  }
  const { kind, value } = credential;
  if (kind === "token") return call.identify(typeof value === "string" ? value : undefined);
  const { database } = call.services;
  const keyId =
    typeof value === "string" && isUuid(value.toLowerCase())
      ? await touchSession(database, value.toLowerCase())
      : undefined;
  if (keyId === undefined) return sessionNotFound(format, inSlovak("SESSION_NOT_FOUND"));
  return call.identifyKey(keyId);
}
