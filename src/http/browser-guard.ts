import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";

/** What pages of other origins, and people without a key, may see. */
export interface WebSettings {
  /** Other origins whose pages may send requests, as browsers write them; `*` for all. */
  allowedOrigins: readonly string[];
  /** Accepted host names besides IP addresses, loopback names and the one of the public URL; `*` for all. */
  allowedHosts: readonly string[];
  console: boolean;
  graphiql: boolean;
  /** Who is shown the schema. Names that are like a wrong one are suggested only where everyone is. */
  introspection: "everyone" | "keys" | "nobody";
  metrics: boolean;
  /** The Bearer token that `/metrics` requires; absent: none. */
  metricsToken: string | undefined;
}

/** The defaults of development. */
export const openSettings: WebSettings = {
  allowedOrigins: [],
  allowedHosts: [],
  console: true,
  graphiql: true,
  introspection: "everyone",
  metrics: true,
  metricsToken: undefined,
};

/** Why a request is refused. */
export interface Refused {
  status: 403 | 421;
  message: string;
}

const loopbackNames = /^(localhost|.+\.localhost)$/;

/** The name in a `Host` header, without the port. */
const nameOf = (host: string): string => host.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");

/** An IP address is always accepted: an attacker needs a name to lead a browser here. */
const isAddress = (name: string): boolean => isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0;

/**
 * Keeps out pages of other origins. A browser sends their requests from its own machine, which may reach
 * servers that others cannot. Such origins must be in `ALLOWED_ORIGINS`. A foreign host name may belong to an
 * attacker who points it at our address.
 */
export class BrowserGuard {
  readonly #origins: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string>;
  /** The public URL: a proxy in front of us may use another host name. */
  readonly #ownOrigin: string | undefined;

  constructor({ allowedOrigins, allowedHosts }: WebSettings, publicUrl: string | undefined) {
    const ownUrl = publicUrl === undefined ? null : URL.parse(publicUrl);
    this.#ownOrigin = ownUrl?.origin;
    this.#origins = new Set(allowedOrigins);
    this.#hosts = new Set([...allowedHosts, ...(ownUrl ? [ownUrl.host] : [])].map(nameOf));
  }

  /** Undefined when the request is allowed. */
  refuse({ headers: { host, origin } }: IncomingMessage): Refused | undefined {
    if (host !== undefined && !(URL.canParse(`http://${host}`) && this.#isOurs(nameOf(host)))) {
      const message = `This server does not answer to the name ${nameOf(host).slice(0, 100)}. Set ALLOWED_HOSTS to it.`;
      return { status: 421, message };
    }
    if (origin === undefined || origin === this.#ownOrigin || this.#isAllowed(origin)) return undefined;
    if (isSameOrigin(origin, host)) return undefined;
    const message = `Pages of ${origin.slice(0, 100)} may not ask this server. Set ALLOWED_ORIGINS to it.`;
    return { status: 403, message };
  }

  /** Tells the browser which page may read the answer. True when the request was only a preflight. */
  answerCors({ method, headers }: IncomingMessage, response: ServerResponse): boolean {
    const { origin } = headers;
    if (this.#origins.size > 0) response.setHeader("vary", "Origin");
    if (origin !== undefined && this.#isAllowed(origin)) {
      response.setHeader("access-control-allow-origin", origin);
      response.setHeader("access-control-expose-headers", "Retry-After");
    }
    if (method !== "OPTIONS") return false;
    if (origin !== undefined && this.#isAllowed(origin)) {
      response.setHeader("access-control-allow-methods", "GET, POST, OPTIONS");
      response.setHeader("access-control-allow-headers", "authorization, content-type, last-event-id");
      response.setHeader("access-control-max-age", "7200");
    }
    response.writeHead(204, { allow: "GET, POST, OPTIONS" }).end();
    return true;
  }

  #isOurs(name: string): boolean {
    return loopbackNames.test(name) || isAddress(name) || this.#hosts.has(name) || this.#hosts.has("*");
  }

  #isAllowed(origin: string): boolean {
    return this.#origins.has(origin) || this.#origins.has("*");
  }
}

/** The scheme is not compared: a proxy may end TLS for us. */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  const page = URL.parse(origin);
  const server = page && host !== undefined ? URL.parse(`${page.protocol}//${host}`) : null;
  return page !== null && server !== null && page.host === server.host;
}

const forwardedHeaders = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/**
 * Whether a person on this machine opens the page: from loopback, without a proxy, under a loopback name, and
 * from no other site. Only then may the page contain a development secret.
 */
export function isOpenedHere({ socket, headers }: IncomingMessage): boolean {
  const { host, origin, "sec-fetch-site": site } = headers;
  const name = nameOf(host ?? "");
  const isHere = /^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? "");
  const isNamedHere = loopbackNames.test(name) || name === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(name);
  const isForwarded = forwardedHeaders.some((header) => headers[header] !== undefined);
  const isOwn = site === undefined || site === "none" || site === "same-origin";
  return (
    isHere && isNamedHere && !isForwarded && isOwn && (origin === undefined || isSameOrigin(origin, host))
  );
}

/** Headers of every answer. GraphiQL and the console have content policies of their own. */
export function setSafeHeaders(response: ServerResponse): void {
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("x-frame-options", "DENY");
  response.setHeader("referrer-policy", "same-origin");
  response.setHeader("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Whether the request has `secret` as its Bearer token. */
export function isSecret({ headers }: IncomingMessage, secret: string): boolean {
  const token = /^Bearer +(\S+)$/i.exec(headers.authorization?.trim() ?? "")?.[1] ?? "";
  return timingSafeEqual(digest(token), digest(secret));
}
