import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Transform } from "node:stream";
import type { Viewer } from "../access/api-keys.ts";
import { GraphQLError } from "graphql";
import { unavailability } from "../database/unavailable.ts";
import type { DomainError, ErrorCode } from "../lib/errors.ts";
import type { Metrics } from "../lib/metrics.ts";
import { whileClientWaits } from "../lib/waited-for.ts";
import { BrowserGuard, openSettings, setSafeHeaders, type WebSettings } from "./browser-guard.ts";
import { limitsOf } from "./body-limits.ts";
import { pathOf } from "./path.ts";
import { answer, statusRoutes } from "./status.ts";
import { isUpload } from "./upload.ts";

/**
 * The longest time for an upload. It is read only as fast as it can be stored; stalls are detected
 * separately.
 */
const maxUploadMs = 60 * 60_000;

/**
 * Accepted under any host name: providers and load balancers may use others. A secret protects callbacks, and
 * the other paths reveal nothing.
 */
const unguarded = new Set(["callbacks", "healthz", "readyz"]);

/**
 * How long an unwanted body is read and dropped: many clients read the answer only after they have sent
 * everything.
 */
const dropMs = 10_000;

const connectionLimits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 5_000,
  requestTimeout: maxUploadMs,
  connectionsCheckingInterval: 1_000,
};

type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> | void;

interface HttpServerOptions {
  graphql: (request: IncomingMessage, response: ServerResponse, viewer: Viewer | undefined) => unknown;
  /** Who calls with this `Authorization` header; undefined when it is no key of ours. */
  identify: (authorization: string) => Promise<Viewer | undefined>;
  callbacks: Handler;
  campaigns: Handler;
  /** Why the process cannot serve; undefined when it can. */
  ready: () => Promise<string | undefined>;
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
    identify,
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
    // Nothing of a body is read before it is known who sends it.
    graphql: async (request, response) => {
      const { authorization } = request.headers;
      const viewer =
        hasBody(request) && authorization !== undefined ? await identify(authorization) : undefined;
      if (isUpload(request)) {
        if (viewer?.scopes.has("SEND") !== true) return refuseUpload(request, response, viewer);
      } else {
        const { bytes, ms } = limitsOf(viewer, { bytes: maxRequestBytes, ms: maxRequestMs });
        limitTime(request, response, ms);
        if (!limitBody(request, response, bytes)) return;
      }
      await graphql(request, response, viewer);
    },
    callbacks,
    campaigns,
    ...statusRoutes({ ready, metrics, web }),
    "": (_request, response) => {
      response.writeHead(302, { location: "/graphql" }).end();
    },
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    setSafeHeaders(response);
    const path = pathOf(request);
    const first = path?.split("/")[1] ?? "";
    if (first !== "graphql") limitTime(request, response, maxRequestMs);
    const handler = Object.hasOwn(routes, first) ? routes[first] : undefined;
    if (path === undefined || !handler) return answer(response, 404, "not found: the API is at /graphql");
    if (!unguarded.has(first)) {
      const refused = guard.refuse(request);
      if (refused) return refuse(response, refused.status, refused.message);
      if (guard.answerCors(request, response)) return;
    }
    await handler(request, response, path);
  };

  const server = createServer(connectionLimits, (request, response) => {
    // During a drain, an idle kept-alive connection would delay the server until its timeout.
    response.once("close", () => {
      if (!server.listening) server.closeIdleConnections();
    });
    // A file may take as long as storing it takes.
    const work = (): Promise<void> => handle(request, response);
    (isUpload(request) ? work() : whileClientWaits(work)).catch((error: unknown) => {
      const unavailable = unavailability(error);
      if (unavailable && !response.headersSent) return refuseForNow(response, unavailable);
      onError(error);
      if (response.headersSent) response.destroy();
      else answer(response, 500, "internal error");
    });
  });
  return server;
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

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

function refuseForNow(response: ServerResponse, { message, code: as }: DomainError): void {
  response.setHeader("retry-after", "5");
  refuse(response, 503, message, as);
}

/** A file is read only for a key that may use it. */
function refuseUpload(request: IncomingMessage, response: ServerResponse, viewer: Viewer | undefined): void {
  limitTime(request, response, dropMs);
  if (viewer) refuse(response, 403, `The key "${viewer.keyName}" lacks the scope SEND.`);
  else
    refuse(response, 401, "Send an API key that may SEND: `Authorization: Bearer <key>`.", "UNAUTHENTICATED");
  request.resume();
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
  timer.unref();
  // This also limits how long the rest is read and dropped after an early answer.
  request.once("close", () => clearTimeout(timer));
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
