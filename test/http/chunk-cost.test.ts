import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
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
afterEach(() => vi.restoreAllMocks());

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
    socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
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

/** One connection that is kept, as a proxy has for many clients. */
class Kept {
  readonly #socket = connect(Number(new URL(app.url).port), "127.0.0.1");
  #received = "";

  constructor() {
    this.#socket.on("error", () => undefined).on("data", (data) => (this.#received += String(data)));
  }

  /** Gives the status of its answer. */
  async ask(body: string, size: number): Promise<number> {
    this.#received = "";
    const pieces = body.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
    const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join("");
    this.#socket.write(
      `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
    );
    while (!/\r\n\r\n[^]*\}|longer ones/.test(this.#received)) await once(this.#socket, "data");
    return Number(this.#received.slice("HTTP/1.1 ".length).slice(0, 3));
  }

  close(): void {
    this.#socket.destroy();
  }
}

const short = (length: number): string => JSON.stringify({ query: `{ __typename ${" ".repeat(length)} }` });

it("short chunks of an account wait when they are too many, and all are read", async () => {
  const body = JSON.stringify({ query: `{ __typename ${" ".repeat(500_000)} }` });
  const answer = await send("/graphql", body, { headers: app.client.headers, size: 33, ends: true });
  expect(answer).toContain("HTTP/1.1 200 OK");
  expect(answer).toContain('"__typename":"Query"');
});

it("a parser that passed over a refused body reads the next one", async () => {
  await Promise.all(
    Array.from({ length: 5 }, () => send("/graphql", endless, { headers: {}, size: 1, ends: false })),
  );
  const answers = Array.from({ length: 10 }, async () => {
    const kept = new Kept();
    const status = await kept.ask(short(2_000), 100);
    kept.close();
    return status;
  });
  expect(await Promise.all(answers)).toEqual(answers.map(() => 200));
});

it("tiny chunks of many requests on one connection are refused when together they are too many", async () => {
  // What other tests took is there again, and none comes back while the clock stands.
  vi.spyOn(performance, "now").mockReturnValue(performance.now() + 1_000);
  const kept = new Kept();
  const statuses: number[] = [];
  while (statuses.at(-1) !== 400 && statuses.length < 30) statuses.push(await kept.ask(short(900), 1));
  kept.close();
  expect(statuses.length).toBeGreaterThan(5);
  expect(statuses).toEqual([...Array.from({ length: statuses.length - 1 }, () => 200), 400]);

  // Others still have their own, and nobody is refused who sends a body in a few pieces.
  const others = [new Kept(), new Kept()];
  for (const other of others) expect(await other.ask(short(40), 1)).toBe(200);
  const proxy = new Kept();
  for (let n = 0; n < 300; n++) expect(await proxy.ask(short(100), 10)).toBe(200);
  for (const one of [...others, proxy]) one.close();
});
