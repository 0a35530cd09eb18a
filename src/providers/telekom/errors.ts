import type { FailureCode } from "../failure-codes.ts";
import type { ProviderProblem, SubmitOutcome } from "../provider.ts";
import { failed, rejected } from "../wire/outcomes.ts";

/**
 * The error codes. Two are in the Telekom SK documentation (IP_NOT_ALLOWED, SESSION_NOT_FOUND), the others in
 * public clients of the same gateway. The description beside a code can be in either language and is never
 * matched.
 */

/** The session ended or never existed. The request was refused, so it may be repeated with a new session. */
export const sessionLost: ReadonlySet<string> = new Set(["SESSION_NOT_FOUND", "AUTHENTICATION_REQUIRED"]);

/** There is no such message. One of the codes means that the id was missing, which comes to the same. */
const messageUnknown: ReadonlySet<string> = new Set(["MESSAGE_NOT_FOUND", "MESSAGE_ID_REQUIRED"]);

/** Faults of the message; sending it again cannot help. */
const messageFaults: Readonly<Record<string, FailureCode>> = {
  NO_RECIPIENTS: "invalid_number",
  RECIPIENT_REQUIRED: "invalid_number",
  INCORRECT_RECIPIENT_ADDRESS: "invalid_number",
  TEXT_REQUIRED: "invalid_text",
  MESSAGE_TOO_LONG: "message_too_long",
  PRIMARY_NUMBER_TEXT_NUMBERS_DISABLED: "invalid_sender",
  VIRTUAL_NUMBER_TEXT_NUMBERS_DISABLED: "invalid_sender",
  TEXT_NUMBER_MUST_BE_ALPHANUMERIC: "invalid_sender",
  TEXT_NUMBER_NOT_ALLOWED: "invalid_sender",
  TEXT_NUMBER_LENGTH_EXCEED: "invalid_sender",
  INVALID_DELIVERY_TIME: "invalid_request",
  INVALID_CONCAT_VALUE: "invalid_request",
  INVALID_PRIORITY_VALUE: "invalid_request",
  INVALID_VALIDITY_VALUE: "invalid_request",
  INVALID_TYPE_VALUE: "invalid_request",
};

/** Faults of the connection; no message can be sent until they are fixed. */
const connectionFaults: Readonly<Record<string, { code: FailureCode; problem: ProviderProblem["kind"] }>> = {
  API_TOKEN_NOT_FOUND: { code: "provider_unauthenticated", problem: "unauthenticated" },
  SESSION_NOT_FOUND: { code: "provider_unauthenticated", problem: "unauthenticated" },
  AUTHENTICATION_REQUIRED: { code: "provider_unauthenticated", problem: "unauthenticated" },
  IP_NOT_ALLOWED: { code: "provider_forbidden", problem: "refused" },
  API_INTERFACE_DISABLED: { code: "provider_forbidden", problem: "refused" },
  GET_REQUEST_FORBIDDEN: { code: "provider_misconfigured", problem: "refused" },
};

/** Seconds to wait when sending is barred at this time of day. The code does not say until when. */
const barredSeconds = 15 * 60;

function lookedUp<Value>(table: Readonly<Record<string, Value>>, code: string): Value | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

/** What a known error code means for the message; undefined for an unknown code. */
export function outcomeOfCode(code: string, text: string): SubmitOutcome | undefined {
  if (code === "SENDING_DENIED_BY_DATETIME") {
    return { kind: "retryable", reason: text, retryAfterSeconds: barredSeconds };
  }
  const fault = lookedUp(messageFaults, code);
  if (fault !== undefined) return rejected(fault, text, true);
  const connection = lookedUp(connectionFaults, code);
  return connection && failed(connection.code, text);
}

/** What a known error code means for a query. */
export function problemOfCode(code: string): ProviderProblem["kind"] | undefined {
  return messageUnknown.has(code) ? "not_found" : lookedUp(connectionFaults, code)?.problem;
}
