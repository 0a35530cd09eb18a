import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Transform } from "node:stream";
import { GraphQLError } from "graphql";
import type { ErrorCode } from "../lib/errors.ts";
import type { Metrics } from "../lib/metrics.ts";
import { BrowserGuard, isSecret, openSettings, setSafeHeaders, type WebSettings } from "./browser-guard.ts";
import { pathOf } from "./path.ts";
import { isUpload } from "./upload.ts";

/**
 * The longest time for an upload. It is read only as fast as it can be stored; stalls are detected
 * separately.
 */
const maxUploadMs = 60 * 60_000;

/** Providers and load balancers ask these, under any name; a secret guards the one, and the others tell nothing. */
const unguarded = new Set(["callbacks", "healthz", "readyz"]);

type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> | void;

export interface HttpServerOptions {
  graphql: (request: IncomingMessage, response: ServerResponse) => unknown;
  callbacks: Handler;
  campaigns: Handler;
  /** Throws when the process cannot serve requests. */
  ready: () => Promise<void>;
  metrics: Metrics;
  maxRequestBytes: number;
  /** How long a request other than an upload may take to arrive. Default: one minute. */
  maxRequestMs?: number;
  /** Absent: as in development. */
  web?: WebSettings;
  guard?: BrowserGuard;
  onError: (error: unknown) => void;
}

/**
 * Routes of the HTTP server: `/graphql`, `/callbacks/:providerId/:secret`, `/campaigns/:id/messages.csv`,
 * `/healthz`, `/readyz`, `/metrics`.
 */
export function createHttpServer(options: HttpServerOptions): Server {
  const {
    graphql,
    callbacks,
    campaigns,
    ready,
    metrics,
    maxRequestBytes,
    maxRequestMs = 60_000,
    web = openSettings,
    guard = new BrowserGuard(web, undefined),
    onError,
  } = options;
  const routes: Record<string, Handler> = {
    graphql: (request, response) => {
      if (!isUpload(request) && !limitBody(request, response, maxRequestBytes)) return;
      return graphql(request, response) as Promise<void>;
    },
    callbacks,
    campaigns,
    healthz: (_request, response) => answer(response, 200, "ok"),
    readyz: async (_request, response) => {
      const problem = await ready().then(
        () => undefined,
        (error: Error) => error,
      );
      answer(response, problem ? 503 : 200, problem ? "not ready" : "ready");
    },
    metrics: async (request, response) => {
      if (!web.metrics) return answer(response, 404, "not found: METRICS switches it on");
      if (web.metricsToken !== undefined && !isSecret(request, web.metricsToken))
        return answer(response, 401, "send METRICS_TOKEN as `Authorization: Bearer <token>`");
      response.setHeader("content-type", metrics.registry.contentType);
      response.end(await metrics.registry.metrics());
    },
    "": (_request, response) => {
      response.writeHead(302, { location: "/graphql" }).end();
    },
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    setSafeHeaders(response);
    const path = pathOf(request);
    const first = path?.split("/")[1] ?? "";
    if (first !== "graphql" || !isUpload(request)) limitTime(request, response, maxRequestMs);
    const handler = Object.hasOwn(routes, first) ? routes[first] : undefined;
    if (path === undefined || !handler) return answer(response, 404, "not found: the API is at /graphql");
    if (!unguarded.has(first)) {
      const refused = guard.refuse(request);
      if (refused) return refuse(response, refused.status, refused.message);
      if (guard.answerCors(request, response)) return;
    }
    await handler(request, response, path);
  };

  const server = createServer((request, response) => {
    // During a drain, an idle kept-alive connection would delay the server until its timeout.
    response.once("close", () => {
      if (!server.listening) server.closeIdleConnections();
    });
    handle(request, response).catch((error: unknown) => {
      onError(error);
      if (response.headersSent) response.destroy();
      else answer(response, 500, "internal error");
    });
  });
  server.requestTimeout = maxUploadMs;
  server.headersTimeout = 20_000;
  return server;
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}

/** Answers as GraphQL does. */
function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  as: ErrorCode = "FORBIDDEN",
): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify({ errors: [{ message, extensions: { code: as } }] }));
}

/** Ends a request that takes too long, as Node would. Node has only one limit for all requests. */
function limitTime(request: IncomingMessage, response: ServerResponse, maxMs: number): void {
  if (request.complete) return;
  const timer = setTimeout(() => {
    if (request.complete) return;
    if (!response.headersSent)
      request.socket.write("HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n");
    request.socket.destroySoon();
  }, maxMs);
  response.once("close", () => clearTimeout(timer));
}

/**
 * Refuses a body over the limit: at once when its length is announced, otherwise when the limit is reached.
 */
function limitBody(request: IncomingMessage, response: ServerResponse, limit: number): boolean {
  const announced = request.headers["content-length"];
  if (announced !== undefined) {
    if (Number(announced) <= limit) return true;
    refuse(response, 413, tooLarge(limit).message, code);
    request.resume();
    return false;
  }
  if (request.headers["transfer-encoding"] === undefined) return true;
  let length = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length;
      if (length > limit) done(tooLarge(limit));
      else done(null, chunk);
    },
  });
  // The rest is read and dropped. Without this, the client would see a connection reset instead of the
  // answer.
  counted.once("error", () => request.unpipe(counted).resume());
  Object.assign(request, { body: request.pipe(counted) });
  return true;
}

const code = "BAD_REQUEST" satisfies ErrorCode;

const tooLarge = (limit: number): GraphQLError =>
  new GraphQLError(`The request has more than ${limit} bytes. Send fewer messages at once.`, {
    extensions: { code, http: { status: 413 } },
  });
