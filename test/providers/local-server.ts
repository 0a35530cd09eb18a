import { once } from "node:events";
import { createServer as createHttpServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { atEnd } from "../support/side-by-side.ts";

/** A request as it arrived, complete. */
export interface Seen {
  method: string;
  path: string;
  query: Record<string, string>;
  /** All values of the query, repeated ones too. */
  search: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A real HTTP server for one test. It keeps every request it has read to the end. */
export async function serveHttp(answer: (seen: Seen, response: ServerResponse) => void) {
  const requests: Seen[] = [];
  let connections = 0;
  const server = createHttpServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://local");
    const take = (body: string): void => {
      const { method = "", headers } = request;
      const search = url.searchParams;
      const seen = { method, path: url.pathname, query: Object.fromEntries(search), search, headers, body };
      requests.push(seen);
      answer(seen, response);
    };
    // A request that breaks off was not seen.
    text(request).then(take, () => {});
  });
  server.on("connection", () => connections++);
  atEnd(() => server.closeAllConnections());
  return { origin: await listen(server), requests, connectionCount: () => connections };
}

/** A server below HTTP: what it does with a connection is the whole answer. */
export async function serveTcp(connected: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    connected(socket);
  });
  atEnd(() => sockets.forEach((socket) => socket.destroy()));
  return listen(server);
}

/** An origin nobody listens on. */
export async function unusedOrigin(): Promise<string> {
  const server = createTcpServer();
  const origin = await listen(server);
  server.close();
  await once(server, "close");
  return origin;
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => void server.close());
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no port.");
  return `http://127.0.0.1:${address.port}`;
}
