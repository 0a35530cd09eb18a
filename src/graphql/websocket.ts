import type { Server } from "node:http";
import type { ExecutionArgs, GraphQLError } from "graphql";
import { CloseCode, type Disposable, type SubscribePayload } from "graphql-ws";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import type { ApiKeys, Viewer } from "../access/api-keys.ts";
import { DomainError } from "../errors.ts";
import { maxRequestBytes } from "./limits.ts";
import { authenticate, type Yoga } from "./yoga.ts";

export interface WebSocketOptions {
  server: Server;
  yoga: Yoga;
  apiKeys: ApiKeys;
  maskError: (error: unknown) => Error;
  keepAliveMs?: number;
}

/** What an envelop pipeline adds to the arguments of an operation. */
interface PipelineArgs extends ExecutionArgs {
  execute: (args: ExecutionArgs) => unknown;
  subscribe: (args: ExecutionArgs) => unknown;
}

const keepAliveMs = 12_000;

/**
 * GraphQL over WebSocket (graphql-transport-ws) on `/graphql`. Each operation runs through Yoga's pipeline, so
 * that limits, masking and context are the same as over HTTP. A wrong key closes the socket with 4403.
 */
export function createWebSocketServer({
  server,
  yoga,
  apiKeys,
  maskError,
  ...options
}: WebSocketOptions): Disposable {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxRequestBytes });
  server.on("upgrade", (request, socket, head) => {
    if (new URL(request.url ?? "", "http://localhost").pathname !== yoga.graphqlEndpoint) {
      socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      sockets.emit("connection", webSocket, request),
    );
  });
  return useServer<Record<string, unknown>, { viewer: Viewer | undefined }>(
    {
      execute: (args) => (args as unknown as PipelineArgs).execute(args) as never,
      subscribe: (args) => (args as unknown as PipelineArgs).subscribe(args) as never,
      onConnect: async ({ connectionParams, extra }) => {
        try {
          extra.viewer = await authenticate(apiKeys, authorizationIn(connectionParams));
          return true;
        } catch (error) {
          if (error instanceof DomainError)
            extra.socket.close(CloseCode.Forbidden, error.message.slice(0, 120));
          else extra.socket.close(CloseCode.InternalServerError, "Internal server error");
          return false;
        }
      },
      onSubscribe: async ({ extra }, _id, payload) => {
        try {
          const own = authorizationIn(payload.extensions?.["headers"]);
          const viewer = own === null ? extra.viewer : await authenticate(apiKeys, own);
          return await prepare(yoga, viewer, payload);
        } catch (error) {
          return [maskError(error) as GraphQLError];
        }
      },
    },
    sockets,
    options.keepAliveMs ?? keepAliveMs,
  );
}

/** Parses, validates and gives the operation its context, as Yoga does for a request over HTTP. */
async function prepare(
  yoga: Yoga,
  viewer: Viewer | undefined,
  { operationName, query, variables }: SubscribePayload,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const params = { operationName: operationName ?? undefined, query, variables: variables ?? undefined };
  const request = new Request("http://localhost/graphql");
  const pipeline = yoga.getEnveloped({ viewer, params, request } as never);
  const { parse, validate, schema, execute, subscribe, contextFactory } = pipeline;
  const document = parse(query);
  const errors = validate(schema, document);
  if (errors.length > 0) return errors;
  const contextValue = await contextFactory();
  const args = { schema, document, operationName, variableValues: variables, contextValue };
  return { ...args, execute, subscribe } as unknown as ExecutionArgs;
}

/**
 * `{ authorization: "Bearer <key>" }`, in any case of its name, from the connection's parameters; GraphiQL sends
 * its headers with each operation instead, as extensions.
 */
function authorizationIn(headers: unknown): string | null {
  if (typeof headers !== "object" || headers === null) return null;
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === "authorization" && typeof value === "string") return value;
  }
  return null;
}
