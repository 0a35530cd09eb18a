import type { WireAnswer, WireRequest } from "../exchange.ts";
import { methodNotAllowed, routeNotFound } from "../laravel.ts";

const methods = {
  message: "POST",
  messages: "POST",
  get_message: "GET",
  get_messages: "GET",
  balance: "GET",
  "sms-rates": "GET",
} as const;

export type Endpoint = keyof typeof methods;

/** The two path prefixes of the documentation. */
export type Prefix = "/v1" | "/api/v1";

const isEndpoint = (name: string): name is Endpoint => Object.hasOwn(methods, name);

/** As in Laravel: what is wrong with path and method is said first. `served` is absent for both prefixes. */
export function findEndpoint(
  request: Pick<WireRequest, "method" | "path">,
  served?: Prefix,
): { endpoint: Endpoint; method: "GET" | "POST" } | WireAnswer {
  const [, prefix, name = ""] = /^(\/v1|\/api\/v1)\/([^/]+)$/.exec(request.path) ?? [];
  if (!isEndpoint(name) || (served !== undefined && prefix !== served)) return routeNotFound(request);
  const method = methods[name];
  return request.method === method ? { endpoint: name, method } : methodNotAllowed(request, method);
}
