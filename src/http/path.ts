import type { IncomingMessage } from "node:http";

/** The path of a request without its query; undefined when what was asked for is no URL, such as `//`. */
export const pathOf = ({ url = "/" }: IncomingMessage): string | undefined =>
  plainPath.exec(url)?.[1] ?? URL.parse(url, "http://localhost")?.pathname;

/** A path that is the same after it was read as a URL: nearly all are. */
const plainPath = /^(\/(?:[\w-]+(?:\/[\w-]+)*)?)(?:\?|$)/;
