import type { SandboxHandler, SandboxReply } from "../http-server.ts";
import type { Call, TelekomContext } from "./context.ts";
import { failure, readFields, type Fields, type Format } from "./format.ts";
import { authenticate, checkMessage, checkNumber, listGroups, ping } from "./functions.ts";
import { describeInSlovak } from "./codes.ts";
import { sendMessage } from "./submit.ts";

interface Route {
  /** The accepted credentials: exactly one of them per request. */
  credentials: readonly ("token" | "session_id")[];
  run(call: Call): SandboxReply | Promise<SandboxReply>;
}

const either = ["token", "session_id"] as const;

const routes: Readonly<Record<string, Route>> = {
  auth: { credentials: ["token"], run: authenticate },
  ping: { credentials: ["session_id"], run: ping },
  send_message: { credentials: either, run: sendMessage },
  check_message: { credentials: either, run: checkMessage },
  "sms-groups": { credentials: either, run: listGroups },
  check_phone_number: { credentials: either, run: checkNumber },
};

const notFound: SandboxReply = {
  kind: "answer",
  status: 404,
  headers: { "content-type": "text/html; charset=UTF-8" },
  body: "<!DOCTYPE html>\n<html><body>Not Found</body></html>\n",
};

/** `refusedAddress`: treat every call as coming from this address, which the API key does not allow. */
export function telekomHandler(context: TelekomContext, refusedAddress: string | undefined): SandboxHandler {
  return ({ method, path, body }) => {
    const [, segment, name = ""] = /^\/(json|xml)\/([^/]+)$/.exec(path) ?? [];
    const route = Object.hasOwn(routes, name) ? routes[name] : undefined;
    if (route === undefined) return notFound;
    const format: Format = segment === "xml" ? "xml" : "json";
    if (refusedAddress !== undefined) {
      return failure(format, "IP_NOT_ALLOWED", `Access from IP address ${refusedAddress} is not allowed`);
    }
    if (method !== "POST") return failure(format, "GET_REQUEST_FORBIDDEN");
    const fields = readFields(format, body);
    if (fields === undefined) return failure(format, "INVALID_REQUEST", undefined, 400);
    const code = refusalOf(context, route, fields);
    if (code === undefined) return route.run({ context, format, fields });
    return failure(format, code, name === "send_message" ? describeInSlovak(code) : undefined);
  };
}

function refusalOf({ token, sessions }: TelekomContext, route: Route, fields: Fields): string | undefined {
  const present = either.filter((name) => fields.get(name) !== undefined);
  const [credential] = present;
  if (credential === undefined || present.length > 1 || !route.credentials.includes(credential)) {
    return "AUTHENTICATION_REQUIRED";
  }
  const value = fields.get(credential);
  if (credential === "token") return value === token ? undefined : "API_TOKEN_NOT_FOUND";
  return typeof value === "string" && sessions.touch(value) ? undefined : "SESSION_NOT_FOUND";
}
