import { InvalidInputError, type DomainError, type ErrorCode } from "../../lib/errors.ts";
import type { WireAnswer } from "../../wire/exchange.ts";
import { refusal, type Refusal } from "../../wire/qikli/answers.ts";
import type { Format } from "../../wire/qikli/rows.ts";
import type { StatusName } from "../../wire/qikli/statuses.ts";

/** The verdict on one destination, by our code. */
const verdicts: Partial<Record<ErrorCode, StatusName>> = {
  INVALID_PHONE_NUMBER: "prefixMissing",
  RECIPIENT_SUPPRESSED: "doNotDisturb",
  INVALID_SENDER: "sender",
  INVALID_TEXT: "tooLong",
  NO_ROUTE: "noRoute",
  UNSUPPORTED_FEATURE: "noRoute",
  COUNTRY_NOT_ALLOWED: "networkRejected",
  KEY_RESTRICTED: "networkRejected",
  SPENDING_CAP_REACHED: "noCredit",
  QUOTA_EXCEEDED: "noCredit",
  IDEMPOTENCY_CONFLICT: "duplicate",
  INVALID_INPUT: "invalidUdh",
  INVALID_SCHEDULE: "invalidUdh",
};

export const verdictOf = ({ code }: DomainError): StatusName => verdicts[code] ?? "systemError";

/** The answer to a whole request, by our code. */
const answers: Partial<Record<ErrorCode, Refusal>> = {
  UNAUTHENTICATED: "unauthorized",
  FORBIDDEN: "forbidden",
  QUOTA_EXCEEDED: "forbidden",
  TOO_MANY_REQUESTS: "throttled",
  UNAVAILABLE: "unavailable",
};

export function refusalOf(error: DomainError, wanted: Format): WireAnswer {
  if (error instanceof InvalidInputError)
    return refusal(wanted, "badRequest", { [error.field]: [error.message] });
  const answer = refusal(wanted, answers[error.code] ?? "badRequest");
  const seconds = "retryAfterSeconds" in error ? Number(error.retryAfterSeconds) : undefined;
  return seconds === undefined
    ? answer
    : { ...answer, headers: { ...answer.headers, "retry-after": String(seconds) } };
}
