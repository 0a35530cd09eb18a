import { errors } from "undici";

/**
 * Plain words for the error codes of undici and Node. Their messages are never passed on, since they can
 * quote the request.
 */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "host name not found",
  EAI_AGAIN: "host name could not be resolved",
  UND_ERR_CONNECT_TIMEOUT: "connecting took too long",
  UND_ERR_CLOSED: "the connection pool is closed",
  UND_ERR_DESTROYED: "the connection pool is closed",
  UND_ERR_INVALID_ARG: "the request could not be written as HTTP",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "the answer stopped midway",
  UND_ERR_HEADERS_OVERFLOW: "the headers of the answer are too long",
  UND_ERR_RES_EXCEEDED_MAX_SIZE: "the answer is too long",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the answer is shorter than announced",
  UND_ERR_SOCKET: "the connection was closed before the answer was complete",
  ECONNRESET: "the connection was reset",
};

/**
 * Why a request failed.
 * @param started whether it may have been sent
 * @param allowPrivate the setting that allows hosts in private networks
 */
export function reasonOf(error: Error, started: boolean, allowPrivate: string): string {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "EPRIVATEADDRESS") return `the host is in a private network, which only ${allowPrivate} opens`;
  const known = Object.hasOwn(reasons, code) ? reasons[code] : undefined;
  if (known !== undefined) return known;
  if (error instanceof errors.HTTPParserError) return "the answer is not valid HTTP";
  const what = started ? "the connection failed" : "no connection could be made";
  return code === "" ? what : `${what} (${code})`;
}

/**
 * Reads a `Retry-After` header: seconds, or any of the three HTTP date formats (RFC 9110, sections 10.2.3 and
 * 5.6.7).
 */
export function retryAfterSeconds(header: string, now: Date): number | undefined {
  const value = header.trim();
  if (/^\d{1,9}$/.test(value)) return Number(value);
  if (!/^(mon|tue|wed|thu|fri|sat|sun)/i.test(value)) return undefined;
  // The asctime format has no zone; it means GMT.
  const at = Date.parse(/GMT$/i.test(value) ? value : `${value} GMT`);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now.getTime()) / 1000));
}
