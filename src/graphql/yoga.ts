import { GraphQLError, parse } from "graphql";
import { createYoga, type Plugin, type YogaServerInstance } from "graphql-yoga";
import type { ApiKeys, Viewer } from "../access/api-keys.ts";
import { readBearer } from "../access/bearer.ts";
import { UnauthenticatedError } from "../errors.ts";
import { createContext, type Context, type Services } from "./context.ts";
import { graphiqlPage } from "./graphiql.ts";
import { streamOverSse } from "./event-stream.ts";
import type { LiveSubscriptions } from "./live-subscriptions.ts";
import type { ReaderLimits } from "./reader-limits.ts";
import { maxTokens } from "./limits.ts";
import { withCode } from "./mask-error.ts";
import { schema } from "./schema.ts";

export interface YogaOptions {
  services: Services;
  apiKeys: ApiKeys;
  maskError: (error: unknown) => Error;
  /** Filled into GraphiQL in development. */
  developmentKey: string | undefined;
  live: LiveSubscriptions;
  readerLimits: ReaderLimits;
}

/** What a transport hands over: who is calling was found out already. */
export interface ServerContext {
  viewer?: Viewer | undefined;
}

export type Yoga = YogaServerInstance<ServerContext, Context>;

/** GraphQL over HTTP and SSE; the WebSocket server runs its operations through the same pipeline. */
export function createGraphqlServer(options: YogaOptions): Yoga {
  const { services, apiKeys, maskError, developmentKey, live, readerLimits } = options;
  const page = graphiqlPage(developmentKey);
  return createYoga<ServerContext, Context>({
    schema,
    logging: false,
    landingPage: false,
    graphqlEndpoint: "/graphql",
    graphiql: page.options,
    renderGraphiQL: page.render,
    maskedErrors: { maskError },
    parserAndValidationCache: true,
    plugins: [explainContentType(), limitTokens(), codeValidationErrors(), streamOverSse(live, readerLimits)],
    context: async ({ request, viewer }) => ({
      ...createContext(services, viewer ?? (await authenticateRequest(apiKeys, request))),
      lastEventId: request.headers.get("last-event-id") ?? undefined,
    }),
  });
}

/** A wrong key fails the whole request, so its status says so too. */
async function authenticateRequest(apiKeys: ApiKeys, { headers }: Request): Promise<Viewer | undefined> {
  try {
    return await authenticate(apiKeys, headers.get("authorization"));
  } catch (error) {
    if (!(error instanceof UnauthenticatedError)) throw error;
    const http = { status: 401, headers: { "www-authenticate": "Bearer" } };
    throw new GraphQLError(error.message, { originalError: error, extensions: { http } });
  }
}

/** Without a key the schema can still be read; with a wrong one nothing is answered. */
export async function authenticate(
  apiKeys: ApiKeys,
  authorization: string | null,
): Promise<Viewer | undefined> {
  if (authorization === null) return undefined;
  const key = readBearer(authorization);
  const viewer = key === undefined ? undefined : await apiKeys.find(key);
  if (viewer) return viewer;
  throw new UnauthenticatedError(
    "The API key is unknown or revoked. Send it as `Authorization: Bearer <key>`.",
  );
}

/** Yoga answers other content types with a status and nothing else. */
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

/** Errors of validation are not masked, and Yoga would give them a code of its own. */
function codeValidationErrors(): Plugin {
  return {
    onValidate:
      () =>
      ({ result }) => {
        for (const error of result) withCode(error);
      },
  };
}

function limitTokens(): Plugin {
  return {
    onParse: ({ setParseFn }) => setParseFn((source, options) => parse(source, { ...options, maxTokens })),
  };
}
