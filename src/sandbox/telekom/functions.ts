import type { SandboxReply } from "../http-server.ts";
import type { Call } from "./context.ts";
import { failure, success } from "./format.ts";
import { behaviourFor } from "./scenarios.ts";
import { checkContent } from "./wire.ts";
import { groups } from "./groups.ts";

/** `auth`: returns the session in the answer, and as a cookie that no client needs. */
export function authenticate({ context, format }: Call): SandboxReply {
  const id = context.sessions.open();
  const cookie = `session=${Buffer.from(id).toString("base64url")}; Path=/; HttpOnly; Secure`;
  return success(format, { session_id: id }, { "set-cookie": cookie });
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

/** `sms-groups`. The documentation shows no groups in JSON; here they look as in XML. */
export function listGroups({ format, fields }: Call): SandboxReply {
  const limit = countOf(fields.get("limit")) ?? groups.length;
  const startFrom = countOf(fields.get("startFrom")) ?? 0;
  const page = groups.slice(startFrom, startFrom + limit);
  return success(format, {
    json: { count: page.length, groups: page },
    xml: { groups: { "@count": page.length, number: page } },
  });
}

const operators: readonly { prefix: RegExp; name: string }[] = [
  { prefix: /^9(?:0[5-8]|1[5-9]|45)/, name: "Orange" },
  { prefix: /^94[04789]/, name: "O2" },
  { prefix: /^95/, name: "4ka" },
  { prefix: /^9/, name: "Telekom" },
];

/** `check_phone_number`. A number of scenario `014` does not exist, but still has an operator. */
export function checkNumber({ format, fields }: Call): SandboxReply {
  const number = textOf(fields.get("phone_number")) ?? "";
  const [, national = ""] = /^(?:\+?421|0)(9\d{8})$/.exec(number) ?? [];
  const operator = operators.find(({ prefix }) => prefix.test(national))?.name ?? "";
  const row = { exists: national !== "" && !behaviourFor(national).isRefused, operator };
  return success(format, { json: row, xml: { phone_number: row } });
}

function textOf(value: unknown): string | undefined {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && text !== "" ? text : undefined;
}

function countOf(value: unknown): number | undefined {
  const text = textOf(value);
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
