import type { WireAnswer } from "../exchange.ts";

/**
 * The descriptions beside the error codes, from the documentation or, for codes it lacks, from public clients
 * of the gateway.
 */
const english: Readonly<Record<string, string>> = {
  SESSION_NOT_FOUND: "Session was not found or has expired",
  AUTHENTICATION_REQUIRED: "Either token or session_id is required, and not both",
  API_TOKEN_NOT_FOUND: "API token was not found",
  GET_REQUEST_FORBIDDEN: "GET requests are not allowed for this API key",
  RECIPIENT_REQUIRED: "Recipient is required",
  NO_RECIPIENTS: "There are no recipients, or too many",
  TEXT_REQUIRED: "Text is required",
  MESSAGE_TOO_LONG: "Message is too long",
  TEXT_NUMBER_LENGTH_EXCEED: "Text number is too long",
  TEXT_NUMBER_MUST_BE_ALPHANUMERIC: "Text number must be alphanumeric",
  TEXT_NUMBER_NOT_ALLOWED: "Text number is not allowed",
  MESSAGE_ID_REQUIRED: "Message ID is required",
  PHONE_NUMBER_REQUIRED: "Phone number is required",
  MESSAGE_NOT_FOUND: "Message was not found",
};

/** `send_message` answers in Slovak, the other functions in English (Telekom SK documentation). */
const slovak: Readonly<Record<string, string>> = {
  SESSION_NOT_FOUND: "Relácia nebola nájdená alebo expirovala",
  TEXT_NUMBER_NOT_ALLOWED: "Textové číslo nie je povolené",
};

export const describe = (code: string): string => english[code] ?? "Invalid request";
export const describeInSlovak = (code: string): string => slovak[code] ?? describe(code);

/** As quoted by public clients of the gateway, except for the header. */
export const tooMany: WireAnswer = {
  kind: "answer",
  status: 429,
  headers: { "content-type": "text/plain; charset=UTF-8", "retry-after": "1" },
  body: "Too many requests, please try again later.",
};
