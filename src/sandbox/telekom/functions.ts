import { failure, opened, success } from "../../wire/telekom/format.ts";
import { nationalNumber, operatorOf, readRange, textOf } from "../../wire/telekom/requests.ts";
import { checkContent, groupsContent, numberContent } from "../../wire/telekom/rows.ts";
import type { SandboxReply } from "../http-server.ts";
import type { Call } from "./context.ts";
import { groups } from "./groups.ts";
import { behaviourFor } from "./scenarios.ts";

/** `auth`: returns the session in the answer, and as a cookie that no client needs. */
export function authenticate({ context, format }: Call): SandboxReply {
  return opened(format, context.sessions.open());
}

/** `ping`: the session was already renewed when the call was accepted. */
export function ping({ format }: Call): SandboxReply {
  return success(format);
}

/** `check_message` */
export function checkMessage({ context, format, fields }: Call): SandboxReply {
  const id = textOf(fields.get("message_id"));
  if (id === undefined) return failure(format, "MESSAGE_ID_REQUIRED");
  const message = context.state.message(id);
  if (message === undefined) return failure(format, "MESSAGE_NOT_FOUND");
  return success(format, checkContent(message, context.timeZone, behaviourFor(message.to).slovak));
}

/** `sms-groups` */
export function listGroups({ format, fields }: Call): SandboxReply {
  const range = readRange(fields);
  if (range === undefined) return failure(format, "INVALID_REQUEST");
  const { limit, startFrom } = range;
  return success(format, groupsContent(groups.slice(startFrom, startFrom + limit)));
}

/** `check_phone_number`. A number of scenario `014` does not exist, but still has an operator. */
export function checkNumber({ format, fields }: Call): SandboxReply {
  const number = textOf(fields.get("phone_number"));
  if (number === undefined) return failure(format, "PHONE_NUMBER_REQUIRED");
  const national = nationalNumber(number);
  const exists = national !== "" && !behaviourFor(national).isRefused;
  return success(format, numberContent({ exists, operator: operatorOf(national) }));
}
