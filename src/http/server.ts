import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Viewer } from "../access/api-keys.ts";
import { setRateHeaders } from "../access/rate-headers.ts";
import type { RateLimiter } from "../access/rate-limiter.ts";
import { unavailability } from "../database/unavailable.ts";
import type { DomainError } from "../lib/errors.ts";
import type { Metrics } from "../lib/metrics.ts";
import { whileClientWaits } from "../lib/waited-for.ts";
import { BrowserGuard, openSettings, setSafeHeaders, type WebSettings } from "./browser-guard.ts";
import { heldOf, holdBody, limitBody, limitsOf, turnToBegin } from "./body-limits.ts";
import { CountedRequest, knowSender, refuseTooFine } from "./chunk-cost.ts";
import { maxHeaders } from "./headers.ts";
import { HeldBodies } from "./held-bodies.ts";
import { OneByOne } from "./one-by-one.ts";
import { noTarget, pathOf, takeWholeUrl } from "./path.ts";
import { grantRest, limitRest, limitTime, limitUnread } from "./patience.ts";
import { refuse } from "./refuse.ts";
import { answer, statusRoutes } from "./status.ts";
import { UnwantedBodies } from "./unwanted.ts";
import { isUpload, maxOperationsBytes } from "./upload.ts";

/**
 * The longest time for an upload. It is read only as fast as it can be stored; stalls are detected
 * separately.
 */
const maxUploadMs = 60 * 60_000;

/**
 * Accepted under any host name: providers and load balancers may use others. A secret protects callbacks, a key in every
 * request the APIs of other vendors, and the other paths reveal nothing.
 */
const unguarded = new Set(["callbacks", "compat", "healthz", "readyz"]);

/** What answers at length only to those with a key. */
const keyed = new Set(["callbacks", "campaigns", "compat", "suppressions.csv"]);

/** Paths that are never pages of the console. */
const programs = new Set([...unguarded, "graphql", "metrics"]);

const connectionOptions = {
  IncomingMessage: CountedRequest,
  maxHeaderSize: 16 * 1024,
  headersTimeout: 5_000,
  requestTimeout: maxUploadMs,
  connectionsCheckingInterval: 1_000,
};

type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> | void;

/** What browsers show. */
export interface Pages {
  has: (request: IncomingMessage, path: string) => boolean;
  serve: Handler;
}

interface HttpServerOptions {
  graphql: (request: IncomingMessage, response: ServerResponse, viewer: Viewer | undefined) => unknown;
  /** Who sends this request; undefined when it has no key of ours. */
  identify: (request: IncomingMessage) => Promise<Viewer | undefined>;
  /** Calls `end` when the viewer loses access; returns how to stop that. */
  hold?: (viewer: Viewer, end: () => void) => () => void;
  /** Absent: uploads are not limited. */
  limiter?: RateLimiter;
  /** Absent: a count of its own. */
  bodies?: HeldBodies;
  callbacks: Handler;
  campaigns: Handler;
  suppressions: Handler;
  /** Absent: no APIs of other vendors are served. */
  compat?: { serve: Handler; ownerOf: (request: IncomingMessage) => unknown };
  /** Absent: there is no console, and `/` leads to GraphiQL. */
  console?: Pages | undefined;
  /** Absent: there is none. */
  graphiql?: Pages | undefined;
  /** Why the process cannot serve; undefined when it can. */
  ready: () => Promise<string | undefined>;
  /** See `StatusOptions`. */
  notes?: (() => string) | undefined;
  metrics: Metrics;
  maxRequestBytes: number;
  /** In JSON: see `JsonValues`. */
  maxRequestValues: number;
  maxObjectFields: number;
  /** How long a request other than an upload may take to arrive. Default: one minute. */
  maxRequestMs?: number;
  /** How long the rest of a body may come after its answer, and how long a stranger may leave an answer unread. */
  maxRestMs?: number;
  maxUnreadMs?: number;
  /** Absent: as in development. */
  web?: WebSettings;
  guard?: BrowserGuard;
  onError: (error: unknown) => void;
}

/** Each part that holds something for an answer waits for its end. Together they are more than Node takes for no leak. */
const mostWaiting = 20;

/**
 * Routes of the HTTP server: `/graphql`, `/callbacks/:providerId/:secret`, `/campaigns/:id/messages.csv`,
 * `/suppressions.csv`, `/compat/:vendor`, `/healthz`, `/readyz`, `/metrics`; what is left to browsers is the console.
 */
export function createHttpServer(options: HttpServerOptions): Server {
  const {
    graphql,
    identify,
    hold,
    limiter,
    bodies = new HeldBodies(),
    callbacks,
    campaigns,
    suppressions,
    compat,
    console,
    graphiql,
    ready,
    notes,
    metrics,
    maxRequestBytes,
    maxRequestValues,
    maxObjectFields,
    maxRequestMs = 60_000,
    maxRestMs,
    maxUnreadMs,
    web = openSettings,
    guard = new BrowserGuard(web, undefined),
    onError,
  } = options;
  const routes: Record<string, Handler> = {
    // Nothing of a body is read before it is known who sends it.
    graphql: async (request, response) => {
      const viewer = hasBody(request) ? await identify(request) : undefined;
      if (viewer) knowSender(request, viewer.accountId);
      else await turnToBegin(request);
      if (isUpload(request)) {
        if (viewer?.scopes.has("CAMPAIGNS") !== true) return refuseUpload(response, viewer);
        if (limiter && !mayUpload(limiter, viewer, response)) return;
        if (!holdBody(heldOf(bodies, viewer, response), response, maxOperationsBytes)) return;
        const release = hold?.(viewer, () => request.destroy());
        response.once("close", () => release?.());
      } else {
        const most = {
          bytes: maxRequestBytes,
          values: maxRequestValues,
          fields: maxObjectFields,
          ms: maxRequestMs,
        };
        const limits = limitsOf(viewer, most);
        limitTime(request, response, limits.ms);
        if (viewer) grantRest(request);
        const held = viewer && heldOf(bodies, viewer, response);
        if (!limitBody(request, response, limits, held, viewer?.accountId)) return;
      }
      await graphql(request, response, viewer);
    },
    callbacks,
    campaigns,
    "suppressions.csv": suppressions,
    ...(compat && { compat: (...given) => compat.serve(...given) }),
    ...statusRoutes({ ready, notes, metrics, web }),
    "": (_request, response) => {
      response.writeHead(302, { location: "/graphql" }).end();
    },
  };

  const unwanted = new UnwantedBodies();
  const handle = async (request: CountedRequest, response: ServerResponse<CountedRequest>): Promise<void> => {
    setSafeHeaders(response);
    if (!takeWholeUrl(request)) return answer(response, 400, noTarget);
    const path = pathOf(request);
    const isCompat = path !== undefined && compat?.ownerOf(request) !== undefined;
    const first = isCompat ? "compat" : (path?.split("/")[1] ?? "");
    if (first !== "graphql") limitTime(request, response, maxRequestMs);
    unwanted.dropAfter(response);
    limitRest(request, response, maxRestMs);
    const isKeyed = first === "graphql" ? request.headers.authorization !== undefined : keyed.has(first);
    if (!isKeyed) limitUnread(response, maxUnreadMs);
    const own = Object.hasOwn(routes, first) ? routes[first] : undefined;
    const pages = first === "graphql" ? graphiql : programs.has(first) ? undefined : console;
    const isPage = path !== undefined && pages?.has(request, path) === true;
    const handler: Handler | undefined = isPage ? (...page) => pages.serve(...page) : own;
    if (path === undefined || !handler) return answer(response, 404, "not found: the API is at /graphql");
    if (!unguarded.has(first)) {
      const refused = guard.refuse(request);
      if (refused) return refuse(response, refused.status, refused.message);
      if (guard.answerCors(request, response)) return;
    }
    await handler(request, response, path);
  };

  const oneByOne = new OneByOne();
  const server = createServer(connectionOptions, (request, response) => {
    response.setMaxListeners(mostWaiting);
    refuseTooFine(request, response);
    oneByOne.enter(request, response, () => answerOne(request, response));
  });
  server.maxHeadersCount = maxHeaders;
  const answerOne = (request: CountedRequest, response: ServerResponse<CountedRequest>): void => {
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
  };
  return server;
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

function refuseForNow(response: ServerResponse, { message, code: as }: DomainError): void {
  response.setHeader("retry-after", "5");
  refuse(response, 503, message, as);
}

/** A file is read only for a key that may use it. */
function refuseUpload(response: ServerResponse, viewer: Viewer | undefined): void {
  if (viewer) refuse(response, 403, `The key "${viewer.keyName}" lacks the scope CAMPAIGNS or SEND.`);
  else
    refuse(
      response,
      401,
      "Send an API key with the scope CAMPAIGNS or SEND: `Authorization: Bearer <key>`.",
      "UNAUTHENTICATED",
    );
}

/** Whether another upload is within the limits of its key; otherwise answers that it is not. */
function mayUpload(limiter: RateLimiter, viewer: Viewer, response: ServerResponse): boolean {
  const refused = limiter.take(viewer, { uploads: 1 });
  setRateHeaders(response, limiter.of(viewer).standings(["uploads"]));
  if (!refused) return true;
  response.setHeader("retry-after", String(refused.retryAfterSeconds));
  const { message, code: as, scope, limit, retryAfterSeconds } = refused;
  refuse(response, 429, message, as, { scope, limit, retryAfterSeconds });
  return false;
}
