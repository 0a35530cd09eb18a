import type { IncomingMessage, ServerResponse } from "node:http";
import { GraphQLError, parse, type DocumentNode, type ExecutionArgs } from "graphql";
import { createYoga, type Plugin } from "graphql-yoga";
import type { Access } from "../../access/access.ts";
import type { Viewer } from "../../access/api-keys.ts";
import { UnauthenticatedError } from "../../lib/errors.ts";
import { guardAccess, type AccessGuard } from "../guards/access-guard.ts";
import type { DocumentPolicy } from "../document-ids.ts";
import { guardSchema, hideSuggestions } from "../guards/schema-guard.ts";
import type { AddressOf } from "../../http/caller-address.ts";
import type { WebSettings } from "../../http/browser-guard.ts";
import { authenticate, type ServerContext, type Yoga } from "../transport-context.ts";
import { isUpload, receiveUpload } from "../../http/upload.ts";
import { createContext, type Context, type Services } from "../context.ts";
import { executeByPlan } from "../execution/execute.ts";
import { DocumentCache, documentLimits, errorLimits } from "./document-cache.ts";
import { endEventSources } from "../live/ended-stream.ts";
import { streamOverHttp } from "../live/http-streams.ts";
import type { Paces } from "../live/pace.ts";
import type { LiveSubscriptions } from "../live/live-subscriptions.ts";
import type { ReaderLimits } from "../live/reader-limits.ts";
import { maxDocumentLength, maxNesting, maxPairs, maxTokens } from "../schema/limits.ts";
import { hasMorePairs } from "../guards/field-pairs.ts";
import { documentProblem } from "../guards/nesting.ts";
import { explainContentType, explainParameters } from "./explain-requests.ts";
import { withCode } from "./mask-error.ts";
import { explain, explainMissingQueries, explainStatus, refusePersistedQueries } from "./plain-words.ts";
import { isTracing } from "../../tracing/tracing.ts";
import { explainUnknownOutcome } from "./unknown-outcome.ts";
import { untilSentBy } from "./until-sent.ts";
import { readFromReplica, type ReplicaReadsOptions } from "./read-from-replica.ts";
import { schema } from "../schema/schema.ts";
import { takeTurns } from "./take-turns.ts";
import { trustDocuments } from "./trust-documents.ts";
import { traceOperations } from "./trace-operations.ts";

interface YogaOptions {
  services: Services;
  guard: AccessGuard;
  maskError: (error: unknown) => Error;
  web: Pick<WebSettings, "introspection">;
  live: LiveSubscriptions;
  readerLimits: ReaderLimits;
  /** Which documents may be executed. */
  policy: DocumentPolicy;
  paces: Paces;
  addressOf: AddressOf;
  /** What answers queries in place of the primary; absent: nothing does. */
  replica: ReplicaReadsOptions | undefined;
}

/** GraphQL over HTTP and SSE. The WebSocket server runs its operations through the same pipeline. */
export function createGraphqlServer(options: YogaOptions): Yoga {
  const { services, guard, maskError, web, live, readerLimits, addressOf, policy, paces, replica } = options;
  const { access } = services;
  return createYoga<ServerContext, Context>({
    schema,
    logging: false,
    landingPage: false,
    // Our server does it, for all that it answers.
    cors: false,
    graphqlEndpoint: "/graphql",
    graphiql: false,
    maskedErrors: { maskError },
    // Yoga's own caches have a thousand documents of any length.
    parserAndValidationCache: {
      documentCache: new DocumentCache<DocumentNode>(documentLimits),
      errorCache: new DocumentCache<Error>(errorLimits),
    },
    multipart: false,
    // Our server limits bodies itself. Yoga would read whole uploads to count their bytes.
    maxRequestBodySize: false,
    plugins: [
      takeTurns(paces),
      executePlans(),
      ...(replica ? [readFromReplica(replica)] : []),
      takeUploads(),
      explainContentType(),
      explainParameters(),
      explainStatus(),
      trustDocuments(policy),
      refusePersistedQueries(),
      explainMissingQueries(),
      limitTokens(),
      codeValidationErrors(),
      explainUnknownOutcome(),
      guardAccess(guard),
      ...(isTracing() ? [traceOperations()] : []),
      ...(web.introspection === "everyone" ? [] : [guardSchema(web.introspection), hideSuggestions()]),
      streamOverHttp(live, readerLimits),
      endEventSources(),
    ],
    context: async ({ request, viewer, untilSent, req, res, lastEventId }) => ({
      ...createContext(
        services,
        viewer ?? (await authenticateRequest(access, request, req && addressOf(req))),
      ),
      lastEventId: lastEventId ?? request.headers.get("last-event-id") ?? undefined,
      untilSent: untilSent ?? (res && untilSentBy(res)),
    }),
  });
}

/** A wrong key fails the whole request, so the HTTP status says so too. */
async function authenticateRequest(
  access: Access,
  request: Request,
  address: string | undefined,
): Promise<Viewer | undefined> {
  try {
    const token = tokenInUrl(request);
    return token === undefined
      ? await authenticate(access, request.headers.get("authorization"), address)
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

/** Everything without a plan is executed as Yoga does. */
function executePlans(): Plugin {
  return {
    onExecute: ({ executeFn, setExecuteFn }) =>
      setExecuteFn((args: ExecutionArgs) => executeByPlan(args) ?? (executeFn(args) as unknown)),
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
        const { length } = typeof source === "string" ? source : source.body;
        if (length > maxDocumentLength) throw tooLong();
        const problem = documentProblem(source, { depth: maxNesting, tokens: maxTokens });
        if (problem) throw problem === "depth" ? tooNested() : tooManyTokens();
        const document = parse(source, options);
        if (hasMorePairs(document, maxPairs)) throw tooMuchAlike();
        return document;
      }),
  };
}

const tooLong = (): GraphQLError =>
  new GraphQLError(
    `The document has more than ${maxDocumentLength} characters. Pass long texts and lists as variables.`,
  );

const tooManyTokens = (): GraphQLError =>
  new GraphQLError(
    `The document has more than ${maxTokens} tokens. Ask for fewer fields, and pass lists as variables.`,
  );

const tooMuchAlike = (): GraphQLError =>
  new GraphQLError(
    "The document selects fields of the same names too often. Write each once, and use fewer fragments.",
  );

const tooNested = (): GraphQLError =>
  new GraphQLError(
    `The document is nested more than ${maxNesting} deep. Write it flatter, or use variables.`,
  );
