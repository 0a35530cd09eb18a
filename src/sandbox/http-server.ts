import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { jsonReply, type WireAnswer, type WireRequest } from "../wire/exchange.ts";

/** How a request ends. `afterwards` runs when the client has its answer, or will not get one. */
export type SandboxReply = { afterwards?: () => void } & (
  | WireAnswer
  /** The socket stays open until the client gives up or the server closes. */
  | { kind: "hang" }
  | { kind: "reset" }
);

export type SandboxHandler = (request: WireRequest) => SandboxReply | Promise<SandboxReply>;

/** A received request, for tests. Long bodies are truncated; the `Authorization` header is left out. */
interface RequestRecord {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  body: string;
}

interface HttpServerOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  maxBodyBytes: number;
  log: (line: string) => void;
}

export interface HttpServer {
  url: string;
  port: number;
  /** The last requests, oldest first. */
  requests: readonly RequestRecord[];
  /** Closes every connection, including those kept waiting. May be called more than once. */
  close(): Promise<void>;
}

const maxRecords = 1_000;
const maxRecordedBytes = 10_000;

/** Serves one handler over plain HTTP. Rejects when the port is in use. */
export async function startHttpServer(
  handle: SandboxHandler,
  options: HttpServerOptions,
): Promise<HttpServer> {
  const requests: RequestRecord[] = [];
  const server = createServer((incoming, response) => {
    void serve(incoming, response, { handle, requests, ...options });
  });
  server.listen(options.port, options.host);
  await once(server, "listening");
  const port = portOf(server.address());
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  let closed: Promise<void> | undefined;
  return {
    url: `http://${host}:${port}`,
    port,
    requests,
    close: () => (closed ??= closeServer(server)),
  };
}

function portOf(address: ReturnType<Server["address"]>): number {
  if (address === null || typeof address === "string") throw new Error("the sandbox listens on no port");
  return address.port;
}

interface Serving {
  handle: SandboxHandler;
  requests: RequestRecord[];
  maxBodyBytes: number;
  log: (line: string) => void;
}

async function serve(incoming: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  const { method = "GET", url = "/" } = incoming;
  const [path = "/", search] = url.split("?", 2);
  const reply = await replyTo(incoming, { method, path, query: new URLSearchParams(search) }, serving);
  serving.log(`${method} ${path} ${reply.kind === "answer" ? reply.status : `(${reply.kind})`}`);
  finish(reply, response);
}

async function replyTo(
  incoming: IncomingMessage,
  target: Pick<WireRequest, "method" | "path" | "query">,
  { handle, requests, maxBodyBytes, log }: Serving,
): Promise<SandboxReply> {
  try {
    const bytes = await readBody(incoming, maxBodyBytes);
    if (bytes === undefined) return jsonReply(413, { message: "Content Too Large" });
    const { headers } = incoming;
    record(requests, { ...target, query: Object.fromEntries(target.query), headers, body: excerpt(bytes) });
    return await handle({ ...target, headers, body: bytes.toString() });
  } catch (error) {
    if (!incoming.complete) return { kind: "reset" };
    log(`sandbox fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return jsonReply(500, { message: "Server Error" });
  }
}

/**
 * Undefined when the body is too large. It is still read to its end: after an early answer the client might
 * see a connection reset instead.
 */
async function readBody(incoming: IncomingMessage, maxBodyBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxBodyBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size <= maxBodyBytes ? Buffer.concat(chunks) : undefined;
}

/** Copies the excerpt: a slice would keep the whole text in memory. */
function excerpt(bytes: Buffer): string {
  return bytes.subarray(0, maxRecordedBytes).toString();
}

function record(requests: RequestRecord[], { headers, ...rest }: RequestRecord): void {
  const { authorization: _secret, ...others } = headers;
  requests.push({ ...rest, headers: others });
  if (requests.length > maxRecords) requests.shift();
}

function finish(reply: SandboxReply, response: ServerResponse): void {
  const { afterwards = () => {} } = reply;
  const gone = response.destroyed;
  if (reply.kind === "answer" && !gone) {
    response.once("close", afterwards);
    response.writeHead(reply.status, reply.headers).end(reply.body);
    return;
  }
  if (reply.kind === "reset") response.socket?.resetAndDestroy();
  afterwards();
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
