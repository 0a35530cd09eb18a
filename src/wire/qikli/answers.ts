import type { WireAnswer } from "../exchange.ts";
import type { ValidationErrors } from "./requests.ts";
import { type Format, printError } from "./rows.ts";

export function answer(
  status: number,
  format: Format,
  body: string,
  headers: Record<string, string> = {},
): WireAnswer {
  return { kind: "answer", status, headers: { "content-type": format, ...headers }, body };
}

/** The platform's error words. The documentation has only "General error", without an HTTP status. */
const refusals = {
  badRequest: { status: 400, word: "BAD_REQUEST", text: "Bad Request" },
  unauthorized: { status: 401, word: "UNAUTHORIZED", text: "Invalid login details" },
  forbidden: { status: 403, word: "FORBIDDEN", text: "Account is not allowed to send" },
  notFound: { status: 404, word: "NOT_FOUND", text: "Requested URL not found" },
  methodNotAllowed: { status: 405, word: "METHOD_NOT_ALLOWED", text: "Method not allowed" },
  notAcceptable: { status: 406, word: "GENERAL_ERROR", text: "General error" },
  unsupportedType: { status: 415, word: "GENERAL_ERROR", text: "General error" },
  tooLarge: { status: 413, word: "GENERAL_ERROR", text: "General error" },
  unavailable: { status: 503, word: "GENERAL_ERROR", text: "Service is not available" },
  throttled: { status: 429, word: "TOO_MANY_REQUESTS", text: "Too many requests" },
  general: { status: 500, word: "GENERAL_ERROR", text: "General error" },
} as const;

export type Refusal = keyof typeof refusals;

export function refusal(format: Format, name: Refusal, errors?: ValidationErrors): WireAnswer {
  const { status, word, text } = refusals[name];
  const seconds: Partial<Record<Refusal, string>> = { throttled: "1", unavailable: "5" };
  const wait = seconds[name];
  const headers = wait === undefined ? undefined : { "retry-after": wait };
  return answer(status, format, printError(format, word, text, errors), headers);
}
