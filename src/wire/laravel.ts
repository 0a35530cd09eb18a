import { jsonReply, type WireAnswer, type WireRequest } from "./exchange.ts";

/** Laravel's behaviour before a vendor's own code runs; several vendors use Laravel. */

export function routeNotFound({ path }: Pick<WireRequest, "path">): WireAnswer {
  return jsonReply(404, { message: `The route ${path.slice(1)} could not be found.` });
}

export function methodNotAllowed(
  { method, path }: Pick<WireRequest, "method" | "path">,
  allowed: string,
): WireAnswer {
  const message = `The ${method} method is not supported for route ${path.slice(1)}. Supported methods: ${allowed}.`;
  return jsonReply(405, { message }, { allow: allowed });
}

export function isJsonRequest({ headers }: Pick<WireRequest, "headers">): boolean {
  return /^application\/json\s*(;|$)/i.test(headers["content-type"] ?? "");
}

/** What is wrong with a request before its fields are looked at; each vendor has a form of its own for it. */
export const requestProblems = {
  notJson: "The Content-Type header must be application/json.",
  brokenJson: "The request body is not valid JSON.",
  tooLarge: "The request body is too large.",
} as const;

export const serverError = jsonReply(500, { message: "Server Error" });
export const tooManyAttempts = jsonReply(429, { message: "Too Many Attempts." }, { "retry-after": "1" });

/** Undefined when it is not JSON. Valid JSON is never undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The fields of an object body; empty for any other body. */
export function fieldsOf(body: unknown): object {
  return typeof body === "object" && body !== null && !Array.isArray(body) ? body : {};
}

/** The merged fields of query and body, as Laravel merges them: for a field in both, the query wins. */
export function queryAndBody({ query, body }: Pick<WireRequest, "query" | "body">): Record<string, unknown> {
  const filled = [...query].filter(([, value]) => value !== "");
  return { ...fieldsOf(parseJson(body)), ...Object.fromEntries(filled) };
}
