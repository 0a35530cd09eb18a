import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../support/app.ts";
import { bodyOf, uploadOf, uploadType } from "../support/campaigns.ts";
import { callbackUrlOf } from "../support/callbacks.ts";
import { connectProvider } from "../support/mutations.ts";

let app: TestApp;
let callbackPath: string;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  callbackPath = new URL(await callbackUrlOf(app, await connectProvider(app.client, {}))).pathname;
});

afterAll(() => app.stop());

interface Sending {
  headers: Record<string, string>;
  /** How many bytes a chunk has. */
  size: number;
  ends: boolean;
}

/** Sends a body in tiny chunks, and gives what came back until the server closed the connection. */
async function send(path: string, body: string, { headers, size, ends }: Sending): Promise<string> {
  const socket = connect(Number(new URL(app.url).port), "127.0.0.1");
  let answer = "";
  socket.on("error", () => undefined).on("data", (data) => (answer += String(data)));
  const all = { host: "localhost", connection: "close", "content-type": "application/json", ...headers };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`POST ${path} HTTP/1.1\r\n${head.join("")}transfer-encoding: chunked\r\n\r\n`);
  for (let from = 0; from < body.length; from += size) {
    const chunk = body.slice(from, from + size);
    socket.write(`${chunk.length}\r\n${chunk}\r\n`);
  }
  if (ends) socket.write("0\r\n\r\n");
  await once(socket, "close");
  return answer;
}

const form = "multipart/form-data; boundary=x";

/** Far less than a body otherwise has until its end must have come. */
const soon = { timeout: 4_000 };

const endless = "{".repeat(2_000);

it.each<[string, () => [string, Record<string, string>?]]>([
  ["/graphql without a key", () => ["/graphql"]],
  ["/graphql with a key", () => ["/graphql", app.client.headers]],
  ["a document by itself", () => ["/graphql", { "content-type": "application/graphql" }]],
  ["a callback address", () => [callbackPath]],
  ["an API of another vendor", () => ["/compat/telekom/json/ping"]],
  ["an upload", () => ["/graphql", { ...app.client.headers, "content-type": form }]],
])("a body in thousands of tiny chunks is refused before its end: %s", soon, async (_where, to) => {
  const [path, headers = {}] = to();
  const answer = await send(path, endless, { headers, size: 1, ends: false });
  expect(answer).toMatch(/^HTTP\/1.1 400 [^]*Send it in longer ones/);
});

it.each([
  ["an unknown path", 404, "/unknown", {}],
  ["an upload without a key", 401, "/graphql", { "content-type": form }],
] as const)(
  "a connection is cut off when they come after the answer: %s",
  soon,
  async (_what, status, path, headers) => {
    const answer = await send(path, endless, { headers, size: 1, ends: false });
    expect(answer).toContain(`HTTP/1.1 ${status} `);
  },
);

const query = JSON.stringify({ query: `{ __typename ${" ".repeat(1_200)} }` });
const upload = bodyOf(uploadOf({ dryRun: true }, "to\n+421901000000\n")).toString();

it.each([
  ["a query", query, () => app.client.headers, '"__typename":"Query"'],
  ["a query without a key", query, () => ({}), '"__typename":"Query"'],
  ["a file", upload, () => ({ ...app.client.headers, "content-type": uploadType }), '"createCampaign":'],
] as const)(
  "a body in 300 tiny chunks is answered as usual: %s",
  soon,
  async (_what, body, headersOf, part) => {
    const size = Math.floor(body.length / 300);
    const answer = await send("/graphql", body, { headers: headersOf(), size, ends: true });
    expect(answer).toContain("HTTP/1.1 200 OK");
    expect(answer).toContain(part);
  },
);
