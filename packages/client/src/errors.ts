/** An error in GraphQL's form. */
export interface GraphqlError {
  message: string;
  path?: readonly (string | number)[];
  extensions?: Record<string, unknown>;
}

/**
 * Why something ended or failed for good. `code` is one of the API's error codes, or `UNREACHABLE`: nothing
 * answered, or something that is not smsgraph did.
 */
export class SmsgraphError extends Error {
  override readonly name = "SmsgraphError";
  readonly code: string;
  /** What the server answered; empty when it did not. */
  readonly errors: readonly GraphqlError[];

  constructor(code: string, message: string, errors: readonly GraphqlError[] = []) {
    super(message);
    this.code = code;
    this.errors = errors;
  }
}

/** The server's errors as one. */
export function refusalOf(errors: readonly GraphqlError[]): SmsgraphError {
  const { code = "BAD_REQUEST" } = errors[0]?.extensions ?? {};
  return new SmsgraphError(String(code), errors.map(({ message }) => message).join(" "), errors);
}

/** Codes of errors that may have passed when the client comes back. */
const passing = /^(UNREACHABLE|UNAVAILABLE|INTERNAL|TOO_MANY_REQUESTS|TOO_MANY_SUBSCRIPTIONS)$/;

/** Whether trying again may help. */
export const isPassing = ({ code }: SmsgraphError): boolean => passing.test(code);

/** Close codes that mean the same at every try: the key was refused, or the protocol was not followed. */
const refusals: Readonly<Record<number, string>> = {
  4400: "BAD_REQUEST",
  4401: "UNAUTHENTICATED",
  4403: "UNAUTHENTICATED",
  4406: "BAD_REQUEST",
};

/** Any failure of a connection, as an error that says what it was. */
export function problemOf(cause: unknown): SmsgraphError {
  if (cause instanceof SmsgraphError) return cause;
  if (Array.isArray(cause)) return refusalOf(cause as GraphqlError[]);
  const { code, reason, message, cause: inner } = cause as Partial<CloseEvent & Error>;
  const because = (inner as Error | undefined)?.message;
  const text = reason || [message, because].filter(Boolean).join(": ") || "The connection broke";
  return new SmsgraphError(refusals[code ?? 0] ?? "UNREACHABLE", text);
}
