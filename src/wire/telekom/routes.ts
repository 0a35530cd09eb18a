import type { WireAnswer, WireRequest } from "../exchange.ts";
import type { Fields, Format } from "./format.ts";

type Credential = "token" | "session_id";

const either = ["token", "session_id"] as const;

/** The functions, and the credentials that each takes: exactly one of them per request. */
const credentials = {
  auth: ["token"],
  ping: ["session_id"],
  send_message: either,
  check_message: either,
  "sms-groups": either,
  check_phone_number: either,
} as const satisfies Record<string, readonly Credential[]>;

export type Endpoint = keyof typeof credentials;

const notFound: WireAnswer = {
  kind: "answer",
  status: 404,
  headers: { "content-type": "text/html; charset=UTF-8" },
  body: "<!DOCTYPE html>\n<html><body>Not Found</body></html>\n",
};

const isEndpoint = (name: string): name is Endpoint => Object.hasOwn(credentials, name);

export function findEndpoint({
  path,
}: Pick<WireRequest, "path">): { endpoint: Endpoint; format: Format } | WireAnswer {
  const [, segment, name = ""] = /^\/(json|xml)\/([^/]+)$/.exec(path) ?? [];
  return isEndpoint(name) ? { endpoint: name, format: segment === "xml" ? "xml" : "json" } : notFound;
}

/**
 * What a request says of who sends it; undefined when it is not exactly one thing that the function takes. A field without
 * a value says nothing.
 */
export function credentialOf(
  endpoint: Endpoint,
  fields: Fields,
): { kind: Credential; value: unknown } | undefined {
  const present = either.filter((name) => isGiven(fields.get(name)));
  const [kind] = present;
  const taken: readonly Credential[] = credentials[endpoint];
  if (kind === undefined || present.length > 1 || !taken.includes(kind)) return undefined;
  return { kind, value: fields.get(kind) };
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== "";
