import type { IncomingMessage } from "node:http";

/** The path of a request without its query; undefined when the request target is not a URL, such as `//`. */
export const pathOf = ({ url }: IncomingMessage): string | undefined =>
  URL.parse(url ?? "/", "http://localhost")?.pathname;
