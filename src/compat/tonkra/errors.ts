import type { DomainError, ErrorCode } from "../../lib/errors.ts";
import { jsonReply, type WireAnswer } from "../../wire/exchange.ts";
import { tooManyAttempts } from "../../wire/laravel.ts";
import { error, numberProblems, refusals } from "../../wire/tonkra/answers.ts";

/** What is said of one number, by our code. */
const texts: Partial<Record<ErrorCode, (to: string) => string>> = {
  INVALID_PHONE_NUMBER: numberProblems.invalidNumber,
  NO_ROUTE: numberProblems.noCoverage,
  UNSUPPORTED_FEATURE: numberProblems.noCoverage,
  COUNTRY_NOT_ALLOWED: numberProblems.noCoverage,
  RECIPIENT_SUPPRESSED: numberProblems.blacklisted,
  INVALID_SENDER: numberProblems.sender,
};

export const problemText = ({ code, message }: DomainError, to: string): string =>
  texts[code]?.(to) ?? message;

/** The answer where no number is taken: with 403, as the platform answers before it asks its gateway. */
const answers: Partial<Record<ErrorCode, (error: DomainError) => WireAnswer>> = {
  SPENDING_CAP_REACHED: () => refusals.noUnits,
  QUOTA_EXCEEDED: () => refusals.noUnits,
  FORBIDDEN: ({ message }) => error(403, message),
  IDEMPOTENCY_CONFLICT: ({ message }) => error(409, message),
  INVALID_TEXT: ({ message }) => error(404, message),
  INVALID_INPUT: ({ message }) => error(200, message),
  INVALID_SCHEDULE: ({ message }) => error(200, message),
  TOO_MANY_REQUESTS: (limited) => ({
    ...tooManyAttempts,
    headers: {
      ...tooManyAttempts.headers,
      "retry-after": String("retryAfterSeconds" in limited ? limited.retryAfterSeconds : 1),
    },
  }),
  UNAVAILABLE: () => jsonReply(503, { message: "Service Unavailable" }, { "retry-after": "5" }),
};

export const refusalOf = (refused: DomainError, to = ""): WireAnswer =>
  answers[refused.code]?.(refused) ?? error(403, problemText(refused, to));
