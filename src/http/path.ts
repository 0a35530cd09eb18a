import type { IncomingMessage } from "node:http";

/** The path of a request without its query; undefined when the request target is not a URL, such as `//`. */
export const pathOf = ({ url = "/" }: IncomingMessage): string | undefined =>
  plainPath.exec(url)?.[1] ?? URL.parse(url, "http://localhost")?.pathname;

/** A path that parsing as a URL would not change, as nearly all are. */
const plainPath = /^(\/(?:[\w-]+(?:\/[\w-]+)*)?)(?:\?|$)/;

/**
 * A request may name its target by a whole URL, as those to a proxy do (RFC 9112, 3.2.2). Its host then counts instead of
 * the header's, and everybody else sees the usual form. False when that URL is none of a web server.
 */
export function takeWholeUrl(request: IncomingMessage): boolean {
  const { url = "/" } = request;
  if (url.startsWith("/") || url === "*") return true;
  const whole = /^https?:\/\/[^/]/i.test(url) ? URL.parse(url) : null;
  if (!whole) return false;
  request.url = whole.pathname + whole.search;
  request.headers.host = whole.host;
  return true;
}

export const noTarget = "The request target is neither a path nor the URL of a web server.";
