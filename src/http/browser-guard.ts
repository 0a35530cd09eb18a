import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";

/** What pages and people without a key get to see. */
export interface WebSettings {
  /** Origins of other pages that may ask us, as browsers write them; `*` for all. */
  allowedOrigins: readonly string[];
  /** Names we answer to, beside addresses, this machine's own and that of the public URL; `*` for all. */
  allowedHosts: readonly string[];
  graphiql: boolean;
  /** Whether the schema can be asked for without a key. */
  introspection: boolean;
  metrics: boolean;
  /** What `/metrics` wants as a Bearer token; absent: nothing. */
  metricsToken: string | undefined;
}

/** As in development. */
export const openSettings: WebSettings = {
  allowedOrigins: [],
  allowedHosts: [],
  graphiql: true,
  introspection: true,
  metrics: true,
  metricsToken: undefined,
};

/** Why a request is not answered. */
export interface Refused {
  status: 403 | 421;
  message: string;
}

const loopbackNames = /^(localhost|.+\.localhost)$/;

/** The name in a `Host` header, without its port. */
const nameOf = (host: string): string => host.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");

/** An address is never refused: to lead a browser here under a foreign name takes a name. */
const isAddress = (name: string): boolean => isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0;

/**
 * Keeps pages of other origins away: a browser sends what they ask for from its own machine, which may reach what
 * nobody else does. They need `ALLOWED_ORIGINS`; and a name that is not ours may be theirs, pointed at our address.
 */
export class BrowserGuard {
  readonly #origins: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string>;
  /** Where people reach us: a proxy before us may ask under another name. */
  readonly #ownOrigin: string | undefined;

  constructor({ allowedOrigins, allowedHosts }: WebSettings, publicUrl: string | undefined) {
    const own = publicUrl === undefined ? null : URL.parse(publicUrl);
    this.#ownOrigin = own?.origin;
    this.#origins = new Set(allowedOrigins);
    this.#hosts = new Set([...allowedHosts, ...(own ? [own.host] : [])].map(nameOf));
  }

  /** Undefined when the request may be answered. */
  refuse({ headers: { host, origin } }: IncomingMessage): Refused | undefined {
    if (host !== undefined && !this.#isOurs(nameOf(host))) {
      const message = `This server does not answer to the name ${nameOf(host).slice(0, 100)}. Set ALLOWED_HOSTS to it.`;
      return { status: 421, message };
    }
    if (origin === undefined || origin === this.#ownOrigin || this.#isAllowed(origin)) return undefined;
    if (isSameOrigin(origin, host)) return undefined;
    const message = `Pages of ${origin.slice(0, 100)} may not ask this server. Set ALLOWED_ORIGINS to it.`;
    return { status: 403, message };
  }

  /** Tells a browser which other page may read the answer. True when that was all it asked. */
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

/** The scheme is not compared: a proxy before us may speak TLS for us. */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  const page = URL.parse(origin);
  const own = page && host !== undefined ? URL.parse(`${page.protocol}//${host}`) : null;
  return page !== null && own !== null && page.host === own.host;
}

const forwardedHeaders = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/**
 * Whether a page is asked for by a person on this machine: from loopback and no proxy, under a name of loopback, and
 * by no other site. Only then may a secret of development stand in it.
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

/** What holds for every answer; a page of ours has a policy of its own. */
export function setSafeHeaders(response: ServerResponse): void {
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("x-frame-options", "DENY");
  response.setHeader("referrer-policy", "same-origin");
  response.setHeader("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Whether a request has `secret` as its Bearer token. */
export function isSecret({ headers }: IncomingMessage, secret: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(headers.authorization?.trim() ?? "")?.[1] ?? "";
  return timingSafeEqual(digest(given), digest(secret));
}
