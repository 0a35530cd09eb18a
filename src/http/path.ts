import type { IncomingMessage } from "node:http";

/** The path of a request without its query; undefined when the request target is not a URL, such as `//`. */
export const pathOf = ({ url = "/" }: IncomingMessage): string | undefined =>
  plainPath.exec(url)?.[1] ?? URL.parse(url, "http://localhost")?.pathname;

/** A path that parsing as a URL would not change, as nearly all are. */
const plainPath = /^(\/(?:[\w-]+(?:\/[\w-]+)*)?)(?:\?|$)/;
