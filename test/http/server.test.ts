import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { text as readText } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { withIncluded } from "../../src/access/scopes.ts";
import type { ConsoleFiles } from "../../src/http/console.ts";
import { createHttpServer } from "../../src/http/server.ts";
import { createMetrics } from "../../src/lib/metrics.ts";
import { uploadType } from "../support/campaigns.ts";
import { viewerOf } from "../support/viewer.ts";

const sender = viewerOf({ scopes: withIncluded(["SEND"]) });

/** How many requests of `/callbacks/…/turn` came in, and how many are being answered. */
const turns = { taken: 0, underWay: 0, atMost: 0 };

async function takeTurn({ url }: IncomingMessage, response: ServerResponse): Promise<void> {
  turns.taken++;
  turns.atMost = Math.max(turns.atMost, ++turns.underWay);
  await setImmediate();
  turns.underWay--;
  response.end(`${url}\n`);
}

/** What a console may serve to anyone: more than a connection holds on its way. */
const megabytes16 = Buffer.alloc(16 * 1024 * 1024, "x");
const longPages = {
  has: (_request: IncomingMessage, path: string) => path === "/long",
  serve: async (_request: IncomingMessage, response: ServerResponse) => void response.end(megabytes16),
} as unknown as ConsoleFiles;

/** Answers when a request has come in, except at `/callbacks/stream`: there it begins to, and never ends. */
const usual: Parameters<typeof createHttpServer>[0] = {
  graphql: (request, response) => request.resume().on("end", () => response.end("read")),
  identify: async () => sender,
  campaigns: () => {},
  suppressions: () => {},
  callbacks: async (request, response, path) => {
    if (path.endsWith("stream")) response.write("first");
    if (path.endsWith("refused")) response.writeHead(404).end("refused");
    if (path.endsWith("/turn")) await takeTurn(request, response);
  },
  console: longPages,
  ready: async () => undefined,
  metrics: createMetrics(),
  maxRequestBytes: 1000,
  maxRequestValues: 1_000_000,
  maxObjectFields: 2_000,
  maxRequestMs: 100,
  maxRestMs: 100,
  maxUnreadMs: 100,
  onError: () => {},
};
const server = createHttpServer(usual);

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const speak = (request: string, to = server) => {
  const socket = connect((to.address() as AddressInfo).port, "127.0.0.1");
  socket.write(request);
  return socket;
};

const head = (path: string, more = "") =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n${more}\r\n`;

it("a request that does not arrive in time is ended", async () => {
  expect(await readText(speak(`${head("/graphql")}12345`))).toMatch(/^HTTP\/1\.1 408 /);
  expect(await readText(speak(`${head("/callbacks/x")}12345`))).toMatch(/^HTTP\/1\.1 408 /);
});

it("a slow answer and a slow upload are not limited by the request time", async () => {
  const stream = speak("GET /callbacks/stream HTTP/1.1\r\nhost: localhost\r\n\r\n");
  const upload = speak(`${head("/graphql", `authorization: x\r\ncontent-type: ${uploadType}\r\n`)}12345`);
  // The one that must be ended is the sign that the time of all is over.
  await readText(speak(`${head("/graphql")}12345`));
  expect(stream.closed).toBe(false);
  upload.end("67890");
  expect(await readText(upload)).toMatch(/^HTTP\/1\.1 200 /);
  stream.destroy();
});

const pipelined = (count: number, last = ""): string =>
  Array.from({ length: count }, (_, index) => `GET /callbacks/${index}/turn HTTP/1.1\r\nhost: x\r\n`).join(
    "\r\n",
  ) + `${last}\r\n`;

it("requests that a connection sends ahead are handled one after the other, and answered in order", async () => {
  const answers = await readText(speak(pipelined(10, "connection: close\r\n")));
  expect(answers.match(/\/callbacks\/\d+\/turn/g)).toEqual(
    Array.from({ length: 10 }, (_, index) => `/callbacks/${index}/turn`),
  );
  expect(turns).toEqual({ taken: 10, underWay: 0, atMost: 1 });
});

it("a connection that sends hundreds of requests ahead is closed, and nothing more of them is handled", async () => {
  turns.taken = 0;
  const socket = speak(pipelined(500)).on("error", () => undefined);
  socket.resume();
  await once(socket, "close");
  await setImmediate();
  expect(turns.taken).toBeLessThan(20);
});

it("the rest of a body that nobody wants is not taken for ever", async () => {
  expect(await readText(speak(`${head("/callbacks/refused")}12345`))).toMatch(/^HTTP\/1\.1 404 [^]+refused/);
});

it("who has a key may send the rest of a body that was refused, and go on", async () => {
  const other = createHttpServer({
    ...usual,
    identify: async ({ headers }) => (headers.authorization === undefined ? undefined : sender),
    maxRequestBytes: 5,
    maxRequestMs: 60_000,
  });
  await once(other.listen(0, "127.0.0.1"), "listening");
  try {
    const keyed = speak(`${head("/graphql", "authorization: x\r\n")}12345`, other);
    expect(String((await once(keyed, "data"))[0])).toMatch(/^HTTP\/1\.1 413 /);
    // That the stranger's is over is the sign that the time for the rest is.
    const unsaid = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${10 ** 6}\r\n\r\n`;
    expect(await readText(speak(unsaid, other))).toMatch(/^HTTP\/1\.1 413 /);
    keyed.end(`67890GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    expect(await readText(keyed)).toMatch(/^HTTP\/1\.1 200 /);
  } finally {
    other.closeAllConnections();
    other.close();
  }
});

it("a stranger who does not read a long answer is let go", async () => {
  const before = await connections();
  const socket = speak("GET /long HTTP/1.1\r\nhost: localhost\r\n\r\n").on("error", () => undefined);
  await expect.poll(connections, { timeout: 30_000 }).toBeGreaterThan(before);
  await expect.poll(connections, { timeout: 30_000 }).toBe(before);
  socket.destroy();
});

const connections = (): Promise<number> =>
  new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
