import { STATUS_CODES, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { GraphQLError, Kind, type DocumentNode, type ExecutionArgs } from "graphql";
import {
  CloseCode,
  makeServer,
  type Context as Connection,
  type Disposable,
  type ServerOptions,
  type SubscribePayload,
} from "graphql-ws";
import { WebSocketServer, type ServerOptions as SocketServerOptions, type WebSocket } from "ws";
import type { Access } from "../../access/access.ts";
import { holderOf, type Allowance } from "../../access/allowance.ts";
import type { RateLimiter } from "../../access/rate-limiter.ts";
import type { Viewer } from "../../access/api-keys.ts";
import { BusyError, DomainError } from "../../lib/errors.ts";
import { whileClientWaits } from "../../lib/waited-for.ts";
import type { AddressOf } from "../../http/caller-address.ts";
import type { BrowserGuard, Refused } from "../../http/browser-guard.ts";
import type { HeldBodies } from "../../http/held-bodies.ts";
import { pathOf, takeWholeUrl } from "../../http/path.ts";
import type { Context } from "../context.ts";
import { documentOf, type DocumentPolicy } from "../document-ids.ts";
import { maxRequestBytes } from "../schema/limits.ts";
import { authorizationIn, bearerIn, connectionAuthorization, resumeIn } from "./connection-params.ts";
import { IncomingBytes } from "./incoming-bytes.ts";
import { LiveStream, type LiveSubscriptions } from "./live-subscriptions.ts";
import { OpenOperations } from "./open-operations.ts";
import { Outlet } from "./outlet.ts";
import type { Paces } from "./pace.ts";
import { ProtocolSocket } from "./protocol-socket.ts";
import type { ReaderLimits } from "./reader-limits.ts";
import { SentFrames } from "./sent-frames.ts";
import { chooseProtocol, refuseProtocol } from "./subprotocol.ts";
import { authenticate, type ServerContext, type Yoga } from "../transport-context.ts";

interface WebSocketOptions {
  server: Server;
  yoga: Yoga;
  access: Access;
  allowance: Allowance;
  limiter: RateLimiter;
  bodies: HeldBodies;
  policy: DocumentPolicy;
  maskError: (error: unknown) => Error;
  live: LiveSubscriptions;
  readerLimits: ReaderLimits;
  /** Decides which pages may open a socket, because browsers do not check this for WebSockets. */
  pages: BrowserGuard;
  paces: Paces;
  addressOf: AddressOf;
  keepAliveMs?: number;
}

/** What our pipeline needs and graphql-ws does not pass on. */
interface OperationArgs extends ExecutionArgs {
  contextValue: Context;
  execute: (args: ExecutionArgs) => unknown;
  /** Our own, since graphql-ws keeps what it finds in `document`. */
  whole: DocumentNode | undefined;
  connection: Connection<Record<string, unknown>, Extra>;
  id: string;
  payload: SubscribePayload;
}

/** Our own data about a connection. */
interface Extra {
  socket: WebSocket;
  viewer: Viewer | undefined;
  /** The `Authorization` header of the upgrade request; connection parameters take precedence. */
  authorization: string | undefined;
  /** Where the socket comes from. */
  address: string | undefined;
  incoming: IncomingBytes;
  /** Releases what the socket holds. */
  leave: (() => void) | undefined;
}

const keepAliveMs = 12_000;

/** Close codes of the RFC 6455 registry: "Going Away" and "Try Again Later". */
const goingAway = 1001;
const tryAgainLater = 1013;
const closeGraceMs = 1_000;
/** How long the other side may take to agree that it is closed. */
const closedMs = 5_000;
/** The same as for HTTP. */
const maxDrainMs = 30_000;

/** The account has too many sockets in this process, or its key opens too many. graphql-ws clients retry with growing delays. */
const tooManySockets = 4420;

type Options = ServerOptions<Record<string, unknown>, Extra>;

/**
 * GraphQL over WebSocket (graphql-transport-ws) on `/graphql`. Each operation runs through Yoga's pipeline,
 * so limits, masking and context are the same as over HTTP. The socket is closed with 4403 when its key is
 * wrong, and when its key or watch token ends.
 */
export function createWebSocketServer(options: WebSocketOptions): Disposable {
  const { paces } = options;
  const operations = new OpenOperations();
  const end = (connection: Connection<Record<string, unknown>, Extra>, id: string): void => {
    operations.end(connection, id);
    restIfUnknown(connection);
    // A socket whose streams were cut short need not wait for the answers of other sockets.
    if (operations.isDraining && !operations.has(connection)) void sendAway(connection.extra.socket);
  };
  const server = makeServer<Record<string, unknown>, Extra>({
    execute: (args) => whileClientWaits(() => executeWhole(args as unknown as OperationArgs)) as never,
    subscribe: (args) => subscribe(options, args as unknown as OperationArgs) as never,
    onConnect: identifyWith(options),
    onSubscribe: async (connection, id, payload) => {
      if (!operations.begin(connection, id)) return neverStarted;
      const { extra } = connection;
      await paces.of(holderOf(extra.viewer)).next(extra.socket);
      if (extra.socket.readyState !== extra.socket.OPEN) return neverStarted;
      const started = await whileClientWaits(() => start(options, extra, payload));
      if (Array.isArray(started)) return started;
      const { document } = started;
      return {
        ...started,
        document: outlineOf(document),
        whole: document,
        connection,
        id,
        payload,
      } as ExecutionArgs;
    },
    onError: (connection, id) => end(connection, id),
    onComplete: (connection, id) => end(connection, id),
    onClose: (connection) => {
      operations.endAll(connection);
      connection.extra.leave?.();
    },
  });
  const sockets = acceptSockets(options, (socket, carrier, request) => {
    const incoming = new IncomingBytes(socket, carrier, paces);
    if (refuseProtocol(socket)) return;
    const extra: Extra = {
      socket,
      viewer: undefined,
      authorization: bearerIn(request.headers),
      address: options.addressOf(request),
      incoming,
      leave: undefined,
    };
    ProtocolSocket.serve(socket, {
      server,
      extra,
      keepAliveMs: options.keepAliveMs ?? keepAliveMs,
      holder: () => extra.viewer && holderOf(extra.viewer),
      onError: options.maskError,
    });
  });
  return {
    async dispose() {
      await operations.drain(maxDrainMs);
      await Promise.all(Array.from(sockets.clients, sendAway));
      await new Promise((done) => sockets.close(done));
    },
  };
}

async function sendAway(socket: WebSocket): Promise<void> {
  // The last answer is written in this turn of the event loop.
  await setImmediate();
  socket.close(goingAway, "Going away");
}

/** Not in the types of `ws` yet. */
type SocketOptions = SocketServerOptions & { closeTimeout: number };

function acceptSockets(
  { server, yoga, readerLimits, pages }: WebSocketOptions,
  serve: (socket: WebSocket, carrier: Duplex, request: IncomingMessage) => void,
): WebSocketServer {
  // Without compression, ws writes a frame at once, so the frames that an outlet writes directly fit in
  // between.
  const settings: SocketOptions = {
    noServer: true,
    maxPayload: maxRequestBytes,
    perMessageDeflate: false,
    // One message of a socket in a turn of the event loop: hundreds of new sockets may give 64 KB of them at the same moment.
    allowSynchronousEvents: false,
    closeTimeout: closedMs,
    handleProtocols: chooseProtocol,
  };
  const sockets = new WebSocketServer(settings);
  server.on("upgrade", (request, socket, head) => {
    const hasTarget = takeWholeUrl(request);
    const refused = pages.refuse(request);
    if (hasTarget && !refused && pathOf(request) === yoga.graphqlEndpoint) {
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        Outlet.open(webSocket, socket, readerLimits);
        serve(webSocket, socket, request);
      });
      return;
    }
    // An error event without a listener would end the process.
    socket.on("error", () => undefined);
    socket.end(refused ? refusal(refused) : "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n");
  });
  return sockets;
}

function refusal({ status, message }: Refused): string {
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: text/plain`;
  return `${head}\r\ncontent-length: ${Buffer.byteLength(message)}\r\n\r\n${message}`;
}

function identifyWith({
  access,
  allowance,
  limiter,
  bodies,
}: WebSocketOptions): NonNullable<Options["onConnect"]> {
  return async (connection) => {
    const { connectionParams, extra } = connection;
    const { socket } = extra;
    try {
      const authorization = connectionAuthorization(connectionParams) ?? extra.authorization ?? null;
      const viewer = await whileClientWaits(() => authenticate(access, authorization, extra.address));
      if (socket.readyState !== socket.OPEN) return false;
      const limited = limiter.take(viewer, { sockets: 1 });
      if (limited) {
        socket.close(tooManySockets, `Too many new sockets: come back in ${limited.retryAfterSeconds} s`);
        return false;
      }
      const leave = allowance.takeSocket(viewer);
      if (!leave) {
        socket.close(tooManySockets, "Too many sockets of this account");
        return false;
      }
      const end = (error: DomainError): void => {
        socket.close(CloseCode.Forbidden, error.message.slice(0, 120));
        // A client may never answer the close frame.
        setTimeout(() => socket.terminate(), closeGraceMs).unref();
      };
      const release = viewer && access.hold(viewer, end);
      extra.viewer = viewer;
      if (viewer)
        extra.incoming.know(
          viewer,
          viewer.watches ? undefined : bodies.open({ id: viewer.keyId, accountId: viewer.accountId }),
        );
      restIfUnknown(connection);
      extra.leave = () => {
        release?.();
        leave();
      };
      // Release them: graphql-ws would keep them as long as the socket.
      Object.assign(connection, { connectionParams: undefined });
      extra.authorization = undefined;
      return true;
    } catch (error) {
      if (error instanceof DomainError && !(error instanceof BusyError))
        socket.close(CloseCode.Forbidden, error.message.slice(0, 120));
      // For example when the database cannot be reached. graphql-ws clients retry after this code.
      else socket.close(tryAgainLater, "Try again later");
      return false;
    }
  };
}

function restIfUnknown({ extra, subscriptions }: Connection<Record<string, unknown>, Extra>): void {
  extra.incoming.rest(() => Object.keys(subscriptions).length === 0);
}

/** All that graphql-ws looks for: which operation it is, and of which kind. */
const outlineOf = ({ kind, definitions }: DocumentNode): DocumentNode => ({
  kind,
  definitions: definitions
    .filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
    .map((definition) => ({ ...definition, ...emptied })),
});

const emptied = {
  loc: undefined,
  variableDefinitions: [],
  selectionSet: { kind: Kind.SELECTION_SET, selections: [] },
} as const;

const wholeOf = (args: OperationArgs): OperationArgs => ({ ...args, document: args.whole ?? args.document });

const executeWhole = (args: OperationArgs): unknown => args.execute(wholeOf(args));

/** A subscription sends its own frames. graphql-ws only sees when it ends. */
async function subscribe(options: WebSocketOptions, args: OperationArgs): Promise<unknown> {
  const { connection, id, payload } = args;
  const started = await options.live.start(wholeOf(args), resumeIn(payload));
  // Release them: graphql-ws would keep the arguments, and everything loaded at the start, as long as the
  // subscription.
  Object.assign(args, { contextValue: undefined, whole: undefined, variableValues: undefined });
  Object.assign(args.payload, { query: "", variables: null });
  if (started instanceof LiveStream) {
    const outlet = Outlet.of(connection.extra.socket);
    return new SentFrames(started, outlet, id, {
      forget: () => delete connection.subscriptions[id],
      show: (error) => withoutStatus(options.maskError(error) as GraphQLError),
    });
  }
  const errors = started.errors?.map((error) => withoutStatus(options.maskError(error) as GraphQLError));
  return { errors };
}

/** The arguments that graphql-ws has to execute, or the errors to send. */
async function start(
  { yoga, access, maskError, policy }: WebSocketOptions,
  { viewer: connected, socket, address }: Extra,
  payload: SubscribePayload,
): Promise<ExecutionArgs | GraphQLError[]> {
  try {
    const authorization = authorizationIn(payload.extensions?.["headers"]);
    const viewer = authorization === null ? connected : await authenticate(access, authorization, address);
    const untilSent = afterAnswer(Outlet.of(socket));
    const caller = {
      viewer,
      socket,
      endsWithSocket: authorization === null,
      untilSent,
      lastEventId: resumeIn(payload).after,
    };
    return await prepare(yoga, caller, { ...payload, query: documentOf(payload, policy) ?? payload.query });
  } catch (error) {
    const errors = error instanceof InvalidDocument ? error.errors : [maskError(error) as GraphQLError];
    return errors.map(withoutStatus);
  }
}

/**
 * Calls `leave` once the answer was written, which is by the next turn of the event loop. A client that does
 * not take it in time is disconnected.
 */
const afterAnswer =
  (outlet: Outlet) =>
  (leave: () => void): void => {
    setImmediate()
      .then(() => (outlet.isFull ? outlet.drained() : undefined))
      .then(leave, leave);
  };

/**
 * An operation that arrives during a drain waits for its socket to close. The client then sends it again. Nobody waits for one
 * whose socket is closed.
 */
const neverStarted = new Promise<never>(() => undefined);

class InvalidDocument extends Error {
  readonly errors: readonly GraphQLError[];
  constructor(errors: readonly GraphQLError[]) {
    super("The document does not fit the schema");
    this.errors = errors;
  }
}

/** Yoga's errors carry an HTTP status, which has no meaning here. */
function withoutStatus(error: GraphQLError): GraphQLError {
  const { message, nodes, source, positions, path, extensions } = error;
  if (!("http" in extensions)) return error;
  const { http: _http, ...shown } = extensions;
  return new GraphQLError(message, { nodes, source, positions, path, extensions: shown });
}

/** The request that Yoga's plugins see. It is a POST, because mutations are refused in a GET. */
const postRequest = new Request("http://localhost/graphql", { method: "POST" });

/**
 * Parses and validates the operation and creates its context, as Yoga does for HTTP.
 * @throws InvalidDocument
 */
async function prepare(
  yoga: Yoga,
  caller: ServerContext,
  { operationName, query, variables, extensions }: SubscribePayload,
): Promise<ExecutionArgs> {
  const params = {
    operationName: operationName ?? undefined,
    query,
    variables: variables ?? undefined,
    extensions: extensions ?? undefined,
  };
  const pipeline = yoga.getEnveloped({ ...caller, params, request: postRequest } as never);
  const { parse, validate, schema, execute, contextFactory } = pipeline;
  const document = parse(query);
  const errors = validate(schema, document);
  if (errors.length > 0) throw new InvalidDocument(errors);
  const contextValue = await contextFactory();
  const args = { schema, document, operationName, variableValues: variables, contextValue };
  return { ...args, execute } as ExecutionArgs;
}
