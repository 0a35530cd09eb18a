import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../support/app.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(() => app.stop());

/** Sends a request with this target, and gives what came back until the server closed the connection. */
async function ask(
  target: string,
  { method = "GET", lines = [] as string[], body = "" } = {},
): Promise<string> {
  const socket = connect(Number(new URL(app.url).port), "127.0.0.1");
  let answer = "";
  socket.on("error", () => undefined).on("data", (data) => (answer += String(data)));
  const head = [`${method} ${target} HTTP/1.1`, "host: localhost", "connection: close", ...lines];
  socket.write(`${head.join("\r\n")}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  await once(socket, "close");
  return answer;
}

const query = {
  method: "POST",
  lines: ["content-type: application/json"],
  body: JSON.stringify({ query: "{ __typename }" }),
};

it("a target that is a whole URL is answered as its path is", async () => {
  const own = app.url.replace("http", "HTTP");
  expect(await ask(`${own}/graphql`, query)).toMatch(
    /^HTTP\/1.1 200 [^]*\{"data":\{"__typename":"Query"\}\}$/,
  );
  expect(await ask(`${own}/graphql?query=%7B__typename%7D`)).toMatch(/^HTTP\/1.1 200 [^]*"Query"/);
  expect(await ask(`${own}/healthz`)).toMatch(/^HTTP\/1.1 200 /);
  expect(await ask(own)).toMatch(/^HTTP\/1.1 302 /);
});

it("its host counts, not the one of the header", async () => {
  for (const path of ["/graphql", "/"])
    expect(await ask(`http://evil.example${path}`, query)).toMatch(/^HTTP\/1.1 421 /);
  const upgrade = [
    "connection: upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    `sec-websocket-key: ${btoa("x".repeat(16))}`,
    "sec-websocket-protocol: graphql-transport-ws",
  ];
  expect(await ask("http://evil.example/graphql", { lines: upgrade })).toMatch(/^HTTP\/1.1 421 /);
});

it.each(["ftp://localhost/graphql", "http:///graphql", "http://[/graphql", "graphql", "http:graphql"])(
  "a target that is neither a path nor a URL is refused: %s",
  async (target) => {
    const answer = await ask(target, query);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).not.toMatch(/node_modules|\bat /);
  },
);
