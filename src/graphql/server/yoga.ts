import type { IncomingMessage, ServerResponse } from "node:http";
import { GraphQLError, parse } from "graphql";
import { createYoga, type Plugin } from "graphql-yoga";
import type { Access } from "../../access/access.ts";
import type { Viewer } from "../../access/api-keys.ts";
import { UnauthenticatedError } from "../../lib/errors.ts";
import { guardAccess, type AccessGuard } from "../guards/access-guard.ts";
import { guardSchema } from "../guards/schema-guard.ts";
import type { WebSettings } from "../../http/browser-guard.ts";
import { authenticate, type ServerContext, type Yoga } from "../transport-context.ts";
import { isUpload, receiveUpload } from "../../http/upload.ts";
import { createContext, type Context, type Services } from "../context.ts";
import { graphiqlPage } from "./graphiql.ts";
import { endEventSources } from "../live/ended-stream.ts";
import { streamOverHttp } from "../live/http-streams.ts";
import type { LiveSubscriptions } from "../live/live-subscriptions.ts";
import type { ReaderLimits } from "../live/reader-limits.ts";
import { maxNesting, maxTokens } from "../schema/limits.ts";
import { isDocumentNestedDeeper } from "../guards/nesting.ts";
import { withCode } from "./mask-error.ts";
import { explain, explainMissingQueries, explainStatus, refusePersistedQueries } from "./plain-words.ts";
import { isTracing } from "../../tracing/tracing.ts";
import { explainUnknownOutcome } from "./unknown-outcome.ts";
import { schema } from "../schema/schema.ts";
import { traceOperations } from "./trace-operations.ts";

interface YogaOptions {
  services: Services;
  guard: AccessGuard;
  maskError: (error: unknown) => Error;
  /** The key that is filled into GraphiQL in development. */
  developmentKey: string | undefined;
  web: Pick<WebSettings, "graphiql" | "introspection">;
  live: LiveSubscriptions;
  readerLimits: ReaderLimits;
}

/** GraphQL over HTTP and SSE. The WebSocket server runs its operations through the same pipeline. */
export function createGraphqlServer(options: YogaOptions): Yoga {
  const { services, guard, maskError, developmentKey, web, live, readerLimits } = options;
  const page = graphiqlPage(web.graphiql, developmentKey);
  const { access } = services;
  return createYoga<ServerContext, Context>({
    schema,
    logging: false,
    landingPage: false,
    // Our server does it, for all that it answers.
    cors: false,
    graphqlEndpoint: "/graphql",
    graphiql: page.options,
    renderGraphiQL: page.render,
    maskedErrors: { maskError },
    parserAndValidationCache: true,
    multipart: false,
    // Our server limits bodies itself. Yoga would read whole uploads to count their bytes.
    maxRequestBodySize: false,
    plugins: [
      takeUploads(),
      explainContentType(),
      explainStatus(),
      refusePersistedQueries(),
      explainMissingQueries(),
      limitTokens(),
      codeValidationErrors(),
      explainUnknownOutcome(),
      guardAccess(guard),
      ...(isTracing() ? [traceOperations()] : []),
      ...(web.introspection ? [] : [guardSchema()]),
      streamOverHttp(live, readerLimits),
      endEventSources(),
    ],
    context: async ({ request, viewer, untilSent, res, lastEventId }) => ({
      ...createContext(services, viewer ?? (await authenticateRequest(access, request))),
      lastEventId: lastEventId ?? request.headers.get("last-event-id") ?? undefined,
      untilSent: untilSent ?? (res && untilClosed(res)),
    }),
  });
}

/** How long a client may leave its answer unread before the connection is closed. */
const maxUnreadMs = 60_000;

/** An answer over HTTP keeps its place until the client has taken it. */
function untilClosed(response: ServerResponse): (leave: () => void) => void {
  return (leave) => {
    if (response.closed) return leave();
    const cutOff = setTimeout(() => response.destroy(), maxUnreadMs).unref();
    response.once("close", () => {
      clearTimeout(cutOff);
      leave();
    });
  };
}

/** A wrong key fails the whole request, so the HTTP status says so too. */
async function authenticateRequest(access: Access, request: Request): Promise<Viewer | undefined> {
  try {
    const token = tokenInUrl(request);
    return token === undefined
      ? await authenticate(access, request.headers.get("authorization"))
      : await authenticateToken(access, token);
  } catch (error) {
    if (!(error instanceof UnauthenticatedError)) throw error;
    const http = { status: 401, headers: { "www-authenticate": "Bearer" } };
    throw new GraphQLError(error.message, { originalError: error, extensions: { http } });
  }
}

/**
 * `?token=` of an event stream, because an `EventSource` cannot set headers. URLs end up in the logs of
 * proxies, so only a watch token is accepted there, never a key.
 */
function tokenInUrl({ method, headers, url }: Request): string | undefined {
  if (method !== "GET" || headers.has("authorization")) return undefined;
  if (headers.get("accept")?.includes("text/event-stream") !== true) return undefined;
  return URL.parse(url)?.searchParams.get("token") ?? undefined;
}

async function authenticateToken(access: Access, token: string): Promise<Viewer> {
  const viewer = await access.findWatcher(token);
  if (viewer) return viewer;
  throw new UnauthenticatedError(
    "`token` is not a watch token, or it has expired or its API key was revoked. An API key goes into a header: " +
      "`Authorization: Bearer <key>`.",
  );
}

/** Set for a request over HTTP, absent for an operation over WebSocket. */
interface NodeContext {
  req?: IncomingMessage;
  res?: ServerResponse;
}

/**
 * Reads uploads itself, because Yoga would keep whole files in memory. No extra header against forged
 * requests is needed: keys are sent in `Authorization`, which browsers never add by themselves.
 */
function takeUploads(): Plugin<object, NodeContext> {
  return {
    onRequestParse({ serverContext: { req, res }, setRequestParser }) {
      if (!req || !res || !isUpload(req)) return;
      setRequestParser(() => receiveUpload(req, res));
    },
  };
}

/** Yoga answers other content types with only a status. This explains what to send. */
function explainContentType(): Plugin {
  const message = "This content type is not taken. Send JSON, with `Content-Type: application/json`.";
  return {
    onRequestParse({ requestParser, setRequestParser }) {
      if (requestParser) return;
      setRequestParser(() => {
        throw new GraphQLError(message, { extensions: { http: { status: 415 } } });
      });
    },
  };
}

/** Validation errors are not masked, and Yoga would give them its own code. */
function codeValidationErrors(): Plugin {
  return {
    onValidate:
      () =>
      ({ result, setResult }) => {
        setResult(result.map((error) => withCode(explain(error))));
      },
  };
}

function limitTokens(): Plugin {
  return {
    onParse: ({ setParseFn }) =>
      setParseFn((source, options) => {
        if (isDocumentNestedDeeper(source, maxNesting, maxTokens)) throw tooNested();
        return parse(source, { ...options, maxTokens });
      }),
  };
}

const tooNested = (): GraphQLError =>
  new GraphQLError(
    `The document is nested more than ${maxNesting} deep. Write it flatter, or use variables.`,
  );
