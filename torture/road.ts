import { once } from "node:events";
import { Agent, createServer, request as open, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";

/** What happens to a request on its way. Absent: it is passed on, and so is its answer. */
export interface Trouble {
  /** It arrives so much later. */
  delayMs?: number;
  /** It never arrives; the client gets this instead. */
  instead?: Answer;
  /** It arrives; the client gets this instead of the answer. */
  afterwards?: Answer;
  /** It arrives so many times more. */
  copies?: number;
  /** Comes as well, to the same address. */
  besides?: Buffer;
}

type Answer = "hang" | "reset" | { status: number; headers?: Record<string, string>; body: string };

export interface Passing {
  method: string;
  path: string;
  body: Buffer;
}

export interface RoadOptions {
  /** Where requests go; undefined while there is nobody. */
  target: () => string | undefined;
  trouble: (passing: Passing) => Trouble;
  /** How long a request hangs that gets no answer. */
  hangMs: number;
}

/** The way from a client to a server, and what happens on it. */
export interface Road {
  url: string;
  close(): void;
}

export async function startRoad(options: RoadOptions): Promise<Road> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const server = createServer((request, response) => {
    void pass(request, response, agent, options).catch(() => request.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
}

async function pass(
  request: IncomingMessage,
  response: ServerResponse,
  agent: Agent,
  { target, trouble, hangMs }: RoadOptions,
): Promise<void> {
  const passing = { method: request.method ?? "GET", path: request.url ?? "/", body: await buffer(request) };
  const { delayMs = 0, instead, afterwards, copies = 0, besides } = trouble(passing);
  if (delayMs > 0) await pause(delayMs);
  if (instead !== undefined) return give(instead, response, hangMs);
  const to = target();
  if (to === undefined) return give(nobody, response, hangMs);
  const ask = (body: Buffer): Promise<IncomingMessage> => forward(to, request, body, agent, hangMs);
  for (const body of [...Array.from({ length: copies }, () => passing.body), ...(besides ? [besides] : [])])
    void ask(body)
      .then(buffer)
      .catch(() => undefined);
  const answer = await ask(passing.body).catch(() => undefined);
  const body = answer && (await buffer(answer).catch(() => undefined));
  if (afterwards !== undefined) return give(afterwards, response, hangMs);
  if (!answer || !body) return give("reset", response, hangMs);
  const { "transfer-encoding": _chunked, ...headers } = answer.headers;
  response.writeHead(answer.statusCode ?? 502, headers).end(body);
}

/** As a balancer answers when nothing behind it lives. */
const nobody: Answer = { status: 503, body: "" };

async function forward(
  to: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  agent: Agent,
  hangMs: number,
): Promise<IncomingMessage> {
  const { "transfer-encoding": _chunked, ...others } = headers;
  const asked = open(new URL(url ?? "/", to), {
    method,
    headers: { ...others, "content-length": body.length },
    agent,
    signal: AbortSignal.timeout(hangMs + 10_000),
  });
  asked.end(body);
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  return answer;
}

async function give(answer: Answer, response: ServerResponse, hangMs: number): Promise<void> {
  if (answer === "hang") await pause(hangMs, undefined, { ref: false });
  if (answer === "hang" || answer === "reset") return void response.socket?.resetAndDestroy();
  response.writeHead(answer.status, answer.headers).end(answer.body);
}
