import { once } from "node:events";
import { request as ask } from "node:http";
import { text as readText } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { openSettings } from "../../src/http/browser-guard.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { freePort } from "../support/process.ts";

const developmentKey = "key_that_no_other_page_may_read";
const friend = "https://app.example.com";
const stranger = "https://evil.example";
const metricsToken = "0123456789abcdef";
const closed = { graphiql: false, introspection: "keys" as const, metricsToken, allowedHosts: ["api-1"] };

let open: TestApp;
let guarded: TestApp;
let guardedPort: number;

beforeAll(async () => {
  open = await startTestApp({ developmentKey, web: { ...openSettings, allowedOrigins: [friend] } });
  guardedPort = await freePort();
  guarded = await startTestApp({
    port: guardedPort,
    databaseUrl: open.databaseUrl,
    secretKey: open.secretKey,
    runsWorker: false,
    publicUrl: "https://sms.example.com/api",
    web: { ...openSettings, ...closed },
  });
});

afterAll(async () => {
  await guarded.stop();
  await open.stop();
});

/** The public URL of the second app is not where it listens. */
const addressOf = (app: TestApp): string => (app === guarded ? `http://127.0.0.1:${guardedPort}` : app.url);

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** A request with any headers, `Host` and `Origin` too. */
async function send(
  app: TestApp,
  path: string,
  headers: Record<string, string> = {},
  { method = "GET", body = "" } = {},
): Promise<Answer> {
  const asked = ask(`${addressOf(app)}${path}`, { method, headers });
  asked.end(body);
  const [response] = await once(asked, "response");
  return { status: response.statusCode, headers: response.headers, text: await readText(response) };
}

const post = (app: TestApp, query: string, headers: Record<string, string> = {}): Promise<Answer> => {
  const body = JSON.stringify({ query });
  return send(app, "/graphql", { "content-type": "application/json", ...headers }, { method: "POST", body });
};

const page = (app: TestApp, headers: Record<string, string> = {}): Promise<Answer> =>
  send(app, "/graphql", { accept: "text/html", ...headers });

/** The status that a WebSocket is refused with, or 101. */
async function openSocket(app: TestApp, headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(`${addressOf(app).replace("http", "ws")}/graphql`, "graphql-transport-ws", {
    headers,
  });
  const opened = Promise.withResolvers<number>();
  socket.on("open", () => opened.resolve(101));
  socket.on("unexpected-response", (request, { statusCode = 0 }) => {
    opened.resolve(statusCode);
    request.destroy();
  });
  socket.on("error", () => undefined);
  const status = await opened.promise;
  socket.terminate();
  return status;
}

const pathsForPages = ["/", "/graphql", "/campaigns/x/messages.csv", "/metrics"];

describe("another page", () => {
  it.each([stranger, "null", "http://127.0.0.1:1", "http://localhost.evil.example"])(
    "a page of the origin %s is refused on every path without any details",
    async (origin) => {
      for (const path of pathsForPages) {
        const { status, headers, text } = await send(open, path, { origin, accept: "text/html" });
        expect([path, status]).toEqual([path, 403]);
        expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
        expect(text).toContain("ALLOWED_ORIGINS");
        expect(text).not.toContain(developmentKey);
      }
      expect((await send(open, "/graphql", { origin }, { method: "OPTIONS" })).status).toBe(403);
      expect(await openSocket(open, { origin })).toBe(403);
    },
  );

  it("a page of an allowed origin may send requests, without the browser's credentials", async () => {
    const asked = { origin: friend, "access-control-request-method": "POST" };
    const preflight = await send(open, "/graphql", asked, { method: "OPTIONS" });
    expect(preflight).toMatchObject({
      status: 204,
      headers: {
        "access-control-allow-origin": friend,
        "access-control-allow-headers": "authorization, content-type, last-event-id",
      },
    });
    const answer = await post(open, "{ __typename }", { origin: friend });
    expect(answer).toMatchObject({ status: 200, headers: { "access-control-allow-origin": friend } });
    expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
    expect(await openSocket(open, { origin: friend })).toBe(101);
  });

  it("a page is our own when its origin is the requested host or the public URL", async () => {
    expect((await post(open, "{ __typename }", { origin: open.url })).status).toBe(200);
    expect(await openSocket(open, { origin: open.url })).toBe(101);
    const origin = "https://sms.example.com";
    expect((await post(guarded, "{ __typename }", { origin })).status).toBe(200);
  });
});

describe("a name that is not ours", () => {
  it("a foreign host name is not answered, because its owner can point it at our address", async () => {
    for (const host of ["evil.example", "localhost.evil.example:80", "127.0.0.1.evil.example"]) {
      for (const path of pathsForPages) {
        const { status, text } = await send(open, path, { host, accept: "text/html" });
        expect([path, status]).toEqual([path, 421]);
        expect(text).toContain("ALLOWED_HOSTS");
      }
      expect(await openSocket(open, { host, origin: `http://${host}` })).toBe(421);
    }
  });

  it("loopback names, addresses, the public name and allowed names are accepted as host", async () => {
    for (const host of [
      "localhost:1",
      "LOCALHOST.",
      "smsgraph.localhost",
      "127.0.0.1",
      "[::1]:1",
      "10.1.2.3",
    ])
      expect((await post(open, "{ __typename }", { host })).status).toBe(200);
    for (const host of ["sms.example.com", "sms.example.com:443", "api-1:4000"])
      expect((await post(guarded, "{ __typename }", { host })).status).toBe(200);
  });

  it("callbacks and health checks are answered under any host name", async () => {
    const host = "evil.example";
    for (const path of ["/healthz", "/readyz"]) expect((await send(open, path, { host })).status).toBe(200);
    expect((await send(open, "/callbacks/x/y", { host }, { method: "POST" })).status).toBe(404);
  });
});

describe("the development key", () => {
  it("GraphiQL contains the development key when opened on this machine", async () => {
    expect((await page(open)).text).toContain(developmentKey);
    for (const site of ["none", "same-origin"])
      expect((await page(open, { "sec-fetch-site": site })).text).toContain(developmentKey);
  });

  it.each<Record<string, string>>([
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    { "sec-fetch-site": "same-site" },
    { origin: friend },
    { host: "10.1.2.3" },
    { "x-forwarded-for": "203.0.113.7" },
    { forwarded: "for=203.0.113.7" },
  ])("GraphiQL does not contain the development key for others: %j", async (headers) => {
    const { status, text } = await page(open, headers);
    expect(status).toBe(200);
    expect(text).toContain("your API key>");
    expect(text).not.toContain(developmentKey);
  });
});

it("every path tells browsers not to guess types and not to show it in frames", async () => {
  for (const path of [...pathsForPages, "/healthz", "/readyz", "/callbacks/x/y", "/nothing"]) {
    const { headers } = await send(open, path, { accept: "text/html" });
    expect([path, headers]).toMatchObject([
      path,
      {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "content-security-policy": expect.stringContaining("frame-ancestors 'none'"),
      },
    ]);
  }
});

describe("the files of GraphiQL", () => {
  it("the page is small, and names files of our own", async () => {
    const { headers, text } = await page(open);
    expect(text.length).toBeLessThan(16 * 1024);
    expect(headers["cache-control"]).toBe("no-store");
    expect([...text.matchAll(/\/graphql\/assets\/[\da-f]{16}-[\w-]+\.(?:js|css)/g)]).toHaveLength(5);
  });

  it("only scripts that we wrote may run in it", async () => {
    const { headers } = await page(open);
    const policy = String(headers["content-security-policy"]);
    expect(policy).toMatch(/script-src 'self' 'sha256-[\w+/=]+' 'sha256-[\w+/=]+';/);
    expect(policy).not.toMatch(/unsafe-eval|blob:|script-src [^;]*unsafe-inline/);
  });

  it("they are compressed for who takes that, and kept for ever", async () => {
    const [, script = ""] = /<script src="([^"]+)"/.exec((await page(open)).text) ?? [];
    const plain = await send(open, script);
    const zipped = await send(open, script, { "accept-encoding": "gzip, br" });
    const kept = { "cache-control": "public, max-age=31536000, immutable", vary: "Accept-Encoding" };
    expect(plain).toMatchObject({
      status: 200,
      headers: { ...kept, "content-type": expect.stringContaining("javascript") },
    });
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(zipped).toMatchObject({ status: 200, headers: { ...kept, "content-encoding": "gzip" } });
    expect(Number(zipped.headers["content-length"])).toBeLessThan(plain.text.length / 2);
  });

  it("there are no others", async () => {
    expect((await send(open, "/graphql/assets/nothing.js")).status).toBe(404);
    expect((await send(guarded, "/graphql/assets/nothing.js")).status).not.toBe(200);
  });
});

describe("where it is switched off", () => {
  it("GraphiQL is not served when it is switched off", async () => {
    const { headers, text } = await page(guarded, { accept: "text/html, */*" });
    expect(headers["content-type"]).toMatch(/json/);
    expect(text).not.toContain("<html");
  });

  it.each(["{ __schema { types { name } } }", '{ a: viewer { keyName } b: __type(name: "Query") { name } }'])(
    "the schema is shown only with a key when introspection is for keys: %s",
    async (query) => {
      expect(JSON.parse((await post(guarded, query)).text)).toMatchObject({
        errors: [{ extensions: { code: "UNAUTHENTICATED" } }],
      });
      const known = await post(guarded, query, { authorization: `Bearer ${open.key}` });
      expect(known.text).not.toContain("UNAUTHENTICATED");
    },
  );

  it("metrics require their token, and without one configured they are not served", async () => {
    expect((await send(guarded, "/metrics")).status).toBe(401);
    expect((await send(guarded, "/metrics", { authorization: "Bearer fedcba9876543210" })).status).toBe(401);
    const answer = await send(guarded, "/metrics", { authorization: `Bearer ${metricsToken}` });
    expect(answer).toMatchObject({ status: 200, text: expect.stringContaining("smsgraph_") });
  });
});
