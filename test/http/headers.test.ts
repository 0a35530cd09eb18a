import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { CountedRequest } from "../../src/http/chunk-cost.ts";
import { startTestApp, type TestApp } from "../support/app.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(() => app.stop());

/** Sends a request with these lines, and gives what came back until the server closed the connection. */
async function send(port: number, lines: readonly string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.on("error", () => undefined).on("data", (data) => (answer += String(data)));
  socket.write(
    ["GET /healthz HTTP/1.1", "host: localhost", "connection: close", ...lines, "", ""].join("\r\n"),
  );
  await once(socket, "close");
  return answer;
}

const others = (count: number): string[] => Array.from({ length: count }, (_, place) => `x-${place}: 1`);

it.each([
  [98, "200"],
  [99, "431"],
  [800, "431"],
])("a request with %i headers more than it needs is answered with %s", async (count, status) => {
  const answer = await send(Number(new URL(app.url).port), others(count));
  expect(answer.split(" ")[1]).toBe(status);
});

/** The headers that a server gets when these lines are sent, as Node collects them or as we do. */
async function received(
  lines: readonly string[],
  options: { IncomingMessage?: typeof CountedRequest } = {},
): Promise<IncomingMessage["headers"]> {
  const { promise, resolve } = Promise.withResolvers<IncomingMessage["headers"]>();
  const listener: RequestListener = (request, response) => {
    resolve(request.headers);
    response.end();
  };
  const server = createServer(options as object, listener).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  await send((server.address() as AddressInfo).port, lines);
  return promise;
}

const repeated = [
  "Cookie: a=1",
  "Cookie: b=2",
  "X-Forwarded-For: 192.0.2.1",
  "x-forwarded-for: 192.0.2.2",
  "Authorization: Bearer first",
  "authorization: Bearer second",
  "Content-Type: text/plain",
  "content-type: application/json",
  "Set-Cookie: c=3",
  "set-cookie: d=4",
  "Empty:",
  "toString: 1",
];

it("headers are joined as Node joins them", async () => {
  const headers = await received(repeated, { IncomingMessage: CountedRequest });
  expect({ ...headers }).toEqual({ ...(await received(repeated)) });
});

it("an object of headers has nothing that nobody sent", async () => {
  const headers = await received(["__proto__: x"], { IncomingMessage: CountedRequest });
  expect(Object.getPrototypeOf(headers)).toBeNull();
  expect(Object.keys(headers).toSorted()).toEqual(["__proto__", "connection", "host"]);
});
