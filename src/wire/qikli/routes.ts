import type { WireAnswer, WireRequest } from "../exchange.ts";
import { refusal } from "./answers.ts";
import { type Format, formats } from "./rows.ts";

export type Endpoint = "advanced" | "reports" | "logs";

const routes: Readonly<Record<string, { endpoint: Endpoint; method: "GET" | "POST" }>> = {
  "/sms/2/text/advanced": { endpoint: "advanced", method: "POST" },
  "/sms/1/reports": { endpoint: "reports", method: "GET" },
  "/sms/1/logs": { endpoint: "logs", method: "GET" },
};

type Head = Pick<WireRequest, "method" | "path" | "headers">;

export interface Found {
  endpoint: Endpoint;
  /** The format of the answer. */
  wanted: Format;
}

/** What is wrong with path and method is said first. The logs are not in the vendor's documentation. */
export function findEndpoint({ method, path, headers }: Head, hasLogs: boolean): Found | WireAnswer {
  const wanted = wantedFormat(headers) ?? "application/json";
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined || (route.endpoint === "logs" && !hasLogs)) return refusal(wanted, "notFound");
  if (method !== route.method) return refusal(wanted, "methodNotAllowed");
  return { endpoint: route.endpoint, wanted };
}

/** What is wrong with the two headers that name formats; said once the credentials are known to be right. */
export function formatProblem({ headers }: Pick<Head, "headers">, { endpoint, wanted }: Found) {
  const type = headers["content-type"];
  const sent = formatOf(type);
  if (headers.accept !== undefined && wantedFormat(headers) === undefined && sent !== undefined) {
    return refusal(wanted, "notAcceptable");
  }
  if (endpoint !== "advanced") return undefined;
  // "If the Content-Type is not specified you will receive a General error."
  if (type === undefined || type === "") return refusal(wanted, "general");
  return sent === undefined ? refusal(wanted, "unsupportedType") : undefined;
}

/** The format of the answer; undefined when neither header names one of the two. */
export function wantedFormat({ accept, "content-type": sent }: Head["headers"]): Format | undefined {
  if (accept === undefined) return formatOf(sent);
  const types = acceptedTypes(accept);
  return (
    types.find(isFormat) ?? (types.some((type) => wildcards.includes(type)) ? formatOf(sent) : undefined)
  );
}

const wildcards: readonly string[] = ["*/*", "application/*"];
const isFormat = (type: string): type is Format => formats.some((format) => format === type);

/** The types that an `Accept` header names, the preferred first. */
function acceptedTypes(accept: string): string[] {
  return accept
    .toLowerCase()
    .split(",")
    .map((range) => {
      const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
      const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return { type, weight: weight === undefined ? 1 : Number(weight) };
    })
    .filter(({ weight }) => weight > 0)
    .toSorted((one, other) => other.weight - one.weight)
    .map(({ type }) => type);
}

export function formatOf(type = ""): Format | undefined {
  return formats.find((format) =>
    type
      .toLowerCase()
      .split(/[;,\s]/)
      .includes(format),
  );
}
