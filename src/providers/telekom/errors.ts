import type { FailureCode } from "../failure-codes.ts";
import type { ProviderProblem, SubmitOutcome } from "../provider.ts";
import { failed, rejected } from "../wire/outcomes.ts";

/**
 * The error codes: two are in the Telekom SK documentation (IP_NOT_ALLOWED, SESSION_NOT_FOUND), the others in what
 * public clients of the same gateway list. The description beside a code is in either language and never matched.
 */

/** The session is gone, or was never there: the request was refused, so that it may be repeated with a new one. */
export const sessionLost: ReadonlySet<string> = new Set(["SESSION_NOT_FOUND", "AUTHENTICATION_REQUIRED"]);

/** There is no such message. One code means that the id was missing, which is the same to whoever asks. */
export const messageUnknown: ReadonlySet<string> = new Set(["MESSAGE_NOT_FOUND", "MESSAGE_ID_REQUIRED"]);

/** What is wrong with the message; sending it again cannot help. */
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

/** What is wrong with the connection: until someone mends it, no message will go through. */
const connectionFaults: Readonly<Record<string, { code: FailureCode; problem: ProviderProblem["kind"] }>> = {
  API_TOKEN_NOT_FOUND: { code: "provider_unauthenticated", problem: "unauthenticated" },
  SESSION_NOT_FOUND: { code: "provider_unauthenticated", problem: "unauthenticated" },
  AUTHENTICATION_REQUIRED: { code: "provider_unauthenticated", problem: "unauthenticated" },
  IP_NOT_ALLOWED: { code: "provider_forbidden", problem: "refused" },
  API_INTERFACE_DISABLED: { code: "provider_forbidden", problem: "refused" },
  GET_REQUEST_FORBIDDEN: { code: "provider_misconfigured", problem: "refused" },
};

/** Seconds to wait where sending is barred at this time of day: the code does not say until when. */
const barredSeconds = 15 * 60;

function lookedUp<Value>(table: Readonly<Record<string, Value>>, code: string): Value | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

/** What a known refusal means for the message; undefined for a code nobody has told us of. */
export function outcomeOfCode(code: string, text: string): SubmitOutcome | undefined {
  if (code === "SENDING_DENIED_BY_DATETIME") {
    return { kind: "retryable", reason: text, retryAfterSeconds: barredSeconds };
  }
  const fault = lookedUp(messageFaults, code);
  if (fault !== undefined) return rejected(fault, text, true);
  const connection = lookedUp(connectionFaults, code);
  return connection && failed(connection.code, text);
}

/** What a known refusal means for a question. */
export function problemOfCode(code: string): ProviderProblem["kind"] | undefined {
  return messageUnknown.has(code) ? "not_found" : lookedUp(connectionFaults, code)?.problem;
}
