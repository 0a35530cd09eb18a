import { describeInSlovak } from "../../wire/telekom/codes.ts";
import { failure, readFields, type Fields } from "../../wire/telekom/format.ts";
import { credentialOf, findEndpoint, type Endpoint } from "../../wire/telekom/routes.ts";
import type { SandboxHandler, SandboxReply } from "../http-server.ts";
import type { Call, TelekomContext } from "./context.ts";
import { authenticate, checkMessage, checkNumber, listGroups, ping } from "./functions.ts";
import { sendMessage } from "./submit.ts";

const runs: Readonly<Record<Endpoint, (call: Call) => SandboxReply | Promise<SandboxReply>>> = {
  auth: authenticate,
  ping,
  send_message: sendMessage,
  check_message: checkMessage,
  "sms-groups": listGroups,
  check_phone_number: checkNumber,
};

/** `refusedAddress`: treat every call as coming from this address, which the API key does not allow. */
export function telekomHandler(context: TelekomContext, refusedAddress: string | undefined): SandboxHandler {
  return (request) => {
    const found = findEndpoint(request);
    if ("status" in found) return found;
    const { endpoint, format } = found;
    if (refusedAddress !== undefined) {
      return failure(format, "IP_NOT_ALLOWED", `Access from IP address ${refusedAddress} is not allowed`);
    }
    if (request.method !== "POST") return failure(format, "GET_REQUEST_FORBIDDEN");
    const fields = readFields(format, request.body);
    if (fields === undefined) return failure(format, "INVALID_REQUEST", undefined, 400);
    const code = refusalOf(context, endpoint, fields);
    if (code === undefined) return runs[endpoint]({ context, format, fields });
    return failure(format, code, endpoint === "send_message" ? describeInSlovak(code) : undefined);
  };
}

function refusalOf(
  { token, sessions }: TelekomContext,
  endpoint: Endpoint,
  fields: Fields,
): string | undefined {
  const credential = credentialOf(endpoint, fields);
  if (credential === undefined) return "AUTHENTICATION_REQUIRED";
  const { kind, value } = credential;
  if (kind === "token") return value === token ? undefined : "API_TOKEN_NOT_FOUND";
  return typeof value === "string" && sessions.touch(value) ? undefined : "SESSION_NOT_FOUND";
}
