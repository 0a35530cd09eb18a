import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { text as readText } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Viewer } from "../../src/access/api-keys.ts";
import { createHttpServer } from "../../src/http/server.ts";
import { createMetrics } from "../../src/lib/metrics.ts";
import { uploadType } from "../support/campaigns.ts";

const sender: Viewer = {
  accountId: "",
  accountName: "",
  keyId: "",
  keyName: "",
  scopes: new Set(["SEND"]),
  expiresAt: undefined,
  watches: undefined,
  asOf: 0,
};

/** Answers when a request has come in, except at `/callbacks/stream`: there it begins to, and never ends. */
const server = createHttpServer({
  graphql: (request, response) => request.resume().on("end", () => response.end("read")),
  identify: async () => sender,
  campaigns: () => {},
  callbacks: (_request, response, path) => {
    if (path.endsWith("stream")) response.write("first");
  },
  ready: async () => undefined,
  metrics: createMetrics(),
  maxRequestBytes: 1000,
  maxRequestMs: 100,
  onError: () => {},
});

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const speak = (request: string) => {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
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
