import { AddressNotAllowedError, type DomainError, type ErrorCode } from "../../lib/errors.ts";
import type { WireAnswer } from "../../wire/exchange.ts";
import { describe, tooMany } from "../../wire/telekom/codes.ts";
import { failure, type Format } from "../../wire/telekom/format.ts";

/** What is said of one recipient, by our code; undefined for the documentation's words about a wrong recipient. */
const entries: Partial<Record<ErrorCode, string>> = {
  INVALID_SENDER: "TEXT_NUMBER_NOT_ALLOWED",
  INVALID_TEXT: "MESSAGE_TOO_LONG",
  INVALID_SCHEDULE: "INVALID_DELIVERY_TIME",
  RECIPIENT_SUPPRESSED: "BLACKLISTED",
  SPENDING_CAP_REACHED: "CREDIT_EXCEEDED",
  QUOTA_EXCEEDED: "CREDIT_EXCEEDED",
  COUNTRY_NOT_ALLOWED: "DESTINATION_NOT_ALLOWED",
  NO_ROUTE: "DESTINATION_NOT_ALLOWED",
  UNSUPPORTED_FEATURE: "DESTINATION_NOT_ALLOWED",
  KEY_RESTRICTED: "DESTINATION_NOT_ALLOWED",
  INVALID_INPUT: "INVALID_REQUEST",
  IDEMPOTENCY_CONFLICT: "DUPLICATE_REQUEST",
};

export const entryProblem = ({ code, message }: DomainError): { code?: string; description?: string } => {
  const word = entries[code];
  return word === undefined ? {} : { code: word, description: message };
};

/** The answer to a whole request. Errors have status 200, as the documentation has no other. */
export function refusalOf(error: DomainError, format: Format): WireAnswer {
  if (error instanceof AddressNotAllowedError) {
    const description = `Access from IP address ${error.address ?? "unknown"} is not allowed`;
    return failure(format, "IP_NOT_ALLOWED", description);
  }
  switch (error.code) {
    case "UNAUTHENTICATED":
      return failure(format, "API_TOKEN_NOT_FOUND");
    case "FORBIDDEN":
      return failure(format, "API_INTERFACE_DISABLED", error.message);
    case "TOO_MANY_REQUESTS": {
      const seconds = "retryAfterSeconds" in error ? String(error.retryAfterSeconds) : "1";
      return { ...tooMany, headers: { ...tooMany.headers, "retry-after": seconds } };
    }
    case "UNAVAILABLE":
      return failure(format, "SERVICE_UNAVAILABLE", error.message, 503);
    default:
      return failure(format, entries[error.code] ?? "INVALID_REQUEST", error.message);
  }
}

export const sessionNotFound = (format: Format, description?: string): WireAnswer =>
  failure(format, "SESSION_NOT_FOUND", description ?? describe("SESSION_NOT_FOUND"));
