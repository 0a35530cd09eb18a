import { type DomainError, type ErrorCode, NoRecipientsError, RateLimitedError } from "../../lib/errors.ts";
import { jsonReply, type WireAnswer } from "../../wire/exchange.ts";
import { tooManyAttempts } from "../../wire/laravel.ts";
import { refusals, unsuccessful } from "../../wire/tikosms/answers.ts";

/** The documented refusals, by our code. What is not here is a 422 with our words. */
const answers: Partial<Record<ErrorCode, (error: DomainError) => WireAnswer>> = {
  INVALID_PHONE_NUMBER: () => refusals.unknownNumber,
  NO_ROUTE: () => refusals.noRate,
  COUNTRY_NOT_ALLOWED: () => refusals.noRate,
  NO_RECIPIENTS: (error) => firstRefusal(error),
  SPENDING_CAP_REACHED: ({ message }) => unsuccessful(403, message),
  QUOTA_EXCEEDED: ({ message }) => unsuccessful(403, message),
  FORBIDDEN: ({ message }) => unsuccessful(403, message),
  KEY_RESTRICTED: ({ message }) => unsuccessful(403, message),
  UNAUTHENTICATED: () => refusals.unauthenticated,
  IDEMPOTENCY_CONFLICT: ({ message }) => unsuccessful(409, message),
  TOO_MANY_REQUESTS: (error) => throttled(error),
  UNAVAILABLE: () => jsonReply(503, { message: "Service Unavailable" }, { "retry-after": "5" }),
};

export const refusalOf = (error: DomainError): WireAnswer =>
  answers[error.code]?.(error) ?? unsuccessful(422, error.message);

function throttled(error: DomainError): WireAnswer {
  const seconds = error instanceof RateLimitedError ? error.retryAfterSeconds : 1;
  return { ...tooManyAttempts, headers: { ...tooManyAttempts.headers, "retry-after": String(seconds) } };
}

/** Where all recipients are refused, the reason of the first is told. */
function firstRefusal(error: DomainError): WireAnswer {
  const code = error instanceof NoRecipientsError ? error.refused[0]?.code : undefined;
  if (code === "INVALID_PHONE_NUMBER") return refusals.unknownNumber;
  if (code === "NO_ROUTE" || code === "COUNTRY_NOT_ALLOWED") return refusals.noRate;
  return unsuccessful(422, error.message);
}
