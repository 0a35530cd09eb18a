import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { assert, property, string } from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { createProviderHttp, type ProviderHttp, type ProviderHttpOptions } from "../../src/providers/http.ts";
import { Shares } from "../../src/lib/shares.ts";
import { retryAfterSeconds } from "../../src/lib/http-words.ts";
import { serveHttp, serveTcp, unusedOrigin } from "./local-server.ts";

function open(options: ProviderHttpOptions): ProviderHttp {
  const http = createProviderHttp(options);
  onTestFinished(() => void http.close());
  return http;
}

const get = (http: ProviderHttp | undefined, path: string) => http?.request({ method: "GET", path });

const chunkedHead = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const wholeAnswer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

const post = { method: "POST", path: "/message", query: { key: "secret" }, body: '{"a":1}' } as const;

describe("answers that are being read", () => {
  test.each([
    ["thousands of pieces", `${chunkedHead}${"1\r\nx\r\n".repeat(5_000)}0\r\n\r\n`, /too many pieces/],
    [
      "thousands of informational ones before it",
      `${"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(5_000)}${wholeAnswer}`,
      /1xx without end/,
    ],
  ])("an answer with %s is given up", async (_, answer, reason) => {
    const origin = await serveTcp((socket) => void socket.once("data", () => socket.write(answer)));
    expect(await open({ origin }).request(post)).toMatchObject({
      kind: "unanswered",
      reason: expect.stringMatching(reason),
    });
  });

  test.each([
    ["hundreds of pieces", `${chunkedHead}${"1\r\nx\r\n".repeat(500)}0\r\n\r\n`, "x".repeat(500)],
    [
      "a few informational ones before it",
      `${"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(3)}${wholeAnswer}`,
      "ok",
    ],
  ])("an answer with %s is read", async (_, answer, body) => {
    const origin = await serveTcp((socket) => void socket.once("data", () => socket.write(answer)));
    expect(await open({ origin }).request(post)).toMatchObject({ kind: "answer", body });
  });

  test("an account's answers may have so many bytes together, and leave those of others room", async () => {
    const body = "x".repeat(400_000);
    const held: ServerResponse[] = [];
    const { origin } = await serveHttp(({ path }, response) => {
      if (path === "/whole") return void response.end(body);
      response.write(body);
      held.push(response);
    });
    const bytes = new Shares(2_000_000, { ofOne: 1 / 4 });
    const [one, other] = ["one", "other"].map((accountId) => open({ origin, answers: { accountId, bytes } }));
    const first = get(one, "/held");
    await expect.poll(() => bytes.held("one")).toBeGreaterThan(380_000);
    expect(await get(one, "/held")).toMatchObject({
      kind: "unanswered",
      reason: expect.stringMatching(/too many bytes together/),
    });
    expect(await get(other, "/whole")).toMatchObject({ kind: "answer", body });
    held[0]?.end();
    expect(await first).toMatchObject({ kind: "answer", body });
    expect(await get(one, "/whole")).toMatchObject({ kind: "answer", body });
    expect(bytes.owners).toEqual([]);
  });

  test("what an answer becomes when it is decompressed counts too", async () => {
    const { origin } = await serveHttp((_seen, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("x".repeat(600_000)));
    });
    const bytes = new Shares(2_000_000, { ofOne: 1 / 4 });
    const http = open({ origin, answers: { accountId: "one", bytes } });
    expect(await http.request(post)).toMatchObject({
      kind: "unanswered",
      reason: expect.stringMatching(/too many bytes together/),
    });
    expect(bytes.owners).toEqual([]);
  });
});

describe("an answer", () => {
  test("an answer comes with status, content type and body, and the request arrives as given", async () => {
    const { origin, requests } = await serveHttp((_seen, response) => {
      response.writeHead(422, { "content-type": "application/json" }).end('\uFEFF{"error":"ї"}');
    });
    const result = await open({ origin }).request({
      method: "POST",
      path: "/v1/message",
      query: { mccmnc: "255", country: "Côte d'Ivoire & co" },
      headers: { authorization: "Bearer token" },
      body: '{"message":"Привіт"}',
    });
    expect(result).toEqual({
      kind: "answer",
      status: 422,
      contentType: "application/json",
      body: '{"error":"ї"}',
    });
    expect(requests).toMatchObject([
      {
        method: "POST",
        path: "/v1/message",
        query: { mccmnc: "255", country: "Côte d'Ivoire & co" },
        headers: { authorization: "Bearer token", "user-agent": "smsgraph" },
        body: '{"message":"Привіт"}',
      },
    ]);
  });

  test("an answer keeps the connection for the next request", async () => {
    const { origin, connectionCount } = await serveHttp((_seen, response) => response.end("ok"));
    const http = open({ origin, maxConcurrent: 1 });
    for (const path of ["/one", "/two", "/three"]) {
      expect(await http.request({ method: "GET", path })).toMatchObject({ kind: "answer", body: "ok" });
    }
    expect(connectionCount()).toBe(1);
  });

  test("an answer may be a redirect, which is not followed", async () => {
    const { origin, requests } = await serveHttp((_seen, response) => {
      response.writeHead(302, { location: "/login" }).end();
    });
    expect(await open({ origin }).request(post)).toMatchObject({ kind: "answer", status: 302, body: "" });
    expect(requests).toHaveLength(1);
  });

  test("an answer may follow an informational one", async () => {
    const { origin } = await serveHttp((_seen, response) => {
      response.writeEarlyHints({ link: "</style.css>; rel=preload" }, () => response.end("ok"));
    });
    expect(await open({ origin }).request(post)).toMatchObject({ kind: "answer", status: 200, body: "ok" });
  });

  test("an answer brings Retry-After in seconds, whichever form it has", async () => {
    const { origin } = await serveHttp((seen, response) => {
      response.writeHead(429, { "retry-after": decodeURIComponent(seen.path.slice(1)) }).end();
    });
    const http = open({ origin, now: () => new Date("2025-08-06T12:00:00Z") });
    const wait = async (header: string) => {
      const result = await http.request({ method: "GET", path: `/${encodeURIComponent(header)}` });
      return result.kind === "answer" ? result.retryAfterSeconds : result;
    };
    expect(await wait("17")).toBe(17);
    expect(await wait("Wed, 06 Aug 2025 12:01:30 GMT")).toBe(90);
    expect(await wait("Wednesday, 06-Aug-25 12:01:30 GMT")).toBe(90);
    expect(await wait("Wed Aug  6 12:01:30 2025")).toBe(90);
    expect(await wait("Wed, 06 Aug 2025 11:00:00 GMT")).toBe(0);
    expect(await wait("soon, in 5")).toBeUndefined();
    expect(await wait("-5")).toBeUndefined();
  });

  test("an answer has a Retry-After that is a whole number or nothing, whatever the header says", () => {
    assert(
      property(string(), (header) => {
        const seconds = retryAfterSeconds(header, new Date(0)) ?? 0;
        expect(Number.isSafeInteger(seconds) && seconds >= 0).toBe(true);
      }),
    );
  });
});

describe("proof that nothing was sent", () => {
  test("a request whose connection is refused was not sent", async () => {
    const result = await open({ origin: await unusedOrigin() }).request(post);
    expect(result).toEqual({ kind: "notSent", reason: "connection refused" });
  });

  test("a request to an unknown host was not sent", async () => {
    const result = await open({ origin: "http://smsgraph.invalid" }).request(post);
    expect(result).toMatchObject({ kind: "notSent", reason: expect.stringContaining("host name") });
  });

  test("a TLS handshake that takes too long", async () => {
    const silent = await serveTcp((socket) => socket.resume());
    const http = open({ origin: silent.replace("http:", "https:"), connectTimeoutMs: 30 });
    expect(await http.request(post)).toEqual({ kind: "notSent", reason: "connecting took too long" });
  });

  test("a TLS handshake that fails", async () => {
    const { origin, requests } = await serveHttp((_seen, response) => response.end());
    const http = open({ origin: origin.replace("http:", "https:") });
    expect(await http.request(post)).toMatchObject({ kind: "notSent" });
    expect(requests).toEqual([]);
  });

  test("a connection reset during the TLS handshake", async () => {
    const origin = await serveTcp((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const http = open({ origin: origin.replace("http:", "https:") });
    expect(await http.request(post)).toEqual({ kind: "notSent", reason: "the connection was reset" });
  });

  test("a closed pool", async () => {
    const { origin, requests } = await serveHttp((_seen, response) => response.end());
    const http = createProviderHttp({ origin });
    await http.close();
    expect(await http.request(post)).toEqual({ kind: "notSent", reason: "the connection pool is closed" });
    expect(requests).toEqual([]);
  });

  test("a request that is not HTTP", async () => {
    const { origin, requests } = await serveHttp((_seen, response) => response.end());
    const http = open({ origin });
    const result = await http.request({ ...post, headers: { authorization: "Bearer a\r\nb" } });
    expect(result).toEqual({ kind: "notSent", reason: "the request could not be written as HTTP" });
    expect(await http.request({ ...post, path: "no slash" })).toEqual(result);
    expect(requests).toEqual([]);
  });

  test("no free connection within the time limit; and it is not sent later either", async () => {
    const { origin, requests } = await serveHttp((seen, response) => {
      if (seen.path === "/last") response.end("ok");
    });
    const http = open({ origin, maxConcurrent: 1, totalTimeoutMs: 300 });
    const [first, second] = await Promise.all([
      http.request({ method: "GET", path: "/hangs" }),
      http.request({ ...post, path: "/waits" }),
    ]);
    expect(first).toEqual({ kind: "unanswered", reason: "no complete answer within the time limit" });
    expect(second).toEqual({ kind: "notSent", reason: "no free connection in time" });
    expect(await http.request({ method: "GET", path: "/last" })).toMatchObject({ body: "ok" });
    expect(requests.map((seen) => seen.path)).toEqual(["/hangs", "/last"]);
  });
});

async function stall(bytes: string) {
  const origin = await serveTcp((socket) => socket.once("data", () => socket.write(bytes)));
  return open({ origin, headersTimeoutMs: 30, bodyTimeoutMs: 30 }).request(post);
}

describe("written, not answered", () => {
  const head = "HTTP/1.1 200 OK\r\n";

  test.each([
    ["too long a body", `${head}content-length: 101\r\n\r\n${"x".repeat(101)}`, "the answer is too long"],
    ["too long headers", `${head}x: ${"x".repeat(20_000)}`, "the headers of the answer are too long"],
    ["another protocol", "220 smtp.example.com ESMTP\r\n", "the answer is not valid HTTP"],
  ])("a request is written and not answered: %s", async (_name, bytes, reason) => {
    const origin = await serveTcp((socket) => socket.once("data", () => socket.write(bytes)));
    expect(await open({ origin, maxBodyBytes: 100 }).request(post)).toEqual({ kind: "unanswered", reason });
  });

  // Together, since the timers of undici take up to a second whatever the limit.
  test("an answer that stalls", async () => {
    const inHead = { kind: "unanswered", reason: "no answer in time" };
    const inBody = { kind: "unanswered", reason: "the answer stopped midway" };
    const stalls = [
      "",
      head,
      `${head}content-length: 50\r\n\r\n{`,
      `${head}transfer-encoding: chunked\r\n\r\n5\r\n`,
    ];
    expect(await Promise.all(stalls.map(stall))).toEqual([inHead, inHead, inBody, inBody]);
  });

  test("an answer that trickles past the total time limit", async () => {
    const origin = await serveTcp((socket) => {
      socket.once("data", () => {
        socket.write(`${head}content-length: 1000000\r\n\r\n`);
        const trickle = setInterval(() => socket.write("x"), 5);
        socket.once("close", () => clearInterval(trickle));
      });
    });
    const result = await open({ origin, totalTimeoutMs: 300 }).request(post);
    expect(result).toEqual({ kind: "unanswered", reason: "no complete answer within the time limit" });
  });

  test.each([
    ["before any answer", ""],
    ["within the headers", head],
    ["within the body", `${head}content-length: 50\r\n\r\n{"success":`],
  ])("a connection that ends %s", async (_name, bytes) => {
    const origin = await serveTcp((socket) => socket.once("data", () => socket.end(bytes)));
    expect(await open({ origin }).request(post)).toMatchObject({ kind: "unanswered" });
  });

  test("a reset within the answer", async () => {
    const { origin } = await serveHttp((_seen, response) => {
      response.writeHead(200).write("{", () => response.socket?.resetAndDestroy());
    });
    expect(await open({ origin }).request(post)).toMatchObject({ kind: "unanswered" });
  });

  test.each(["GET", "POST"] as const)("a reset after the whole %s, which is not repeated", async (method) => {
    const { origin, requests } = await serveHttp((_seen, response) => response.socket?.resetAndDestroy());
    const result = await open({ origin }).request({ method, path: "/v1/x", query: { key: "secret" } });
    expect(result).toMatchObject({ kind: "unanswered", reason: expect.not.stringContaining("secret") });
    expect(requests).toHaveLength(1);
  });

  test("a reset within the request", async () => {
    const origin = await serveTcp((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const result = await open({ origin }).request({ ...post, body: "x".repeat(10_000_000) });
    expect(result).toMatchObject({ kind: "unanswered" });
  });

  test("a connection kept alive that the server closes on the next request", async () => {
    let connections = 0;
    const origin = await serveTcp((socket) => {
      connections++;
      socket.once("data", () => {
        socket.write(`${head}content-length: 2\r\n\r\nok`);
        socket.once("data", () => socket.destroy());
      });
    });
    const http = open({ origin, maxConcurrent: 1 });
    expect(await http.request(post)).toMatchObject({ kind: "answer", body: "ok" });
    expect(await http.request(post)).toMatchObject({ kind: "unanswered" });
    expect(connections).toBe(1);
  });
});

test("closing a client waits for the answers under way, and may be asked for twice", async () => {
  const arrived = Promise.withResolvers<ServerResponse>();
  const { origin } = await serveHttp((_seen, response) => arrived.resolve(response));
  const http = createProviderHttp({ origin });
  const request = http.request(post);
  const response = await arrived.promise;
  const closed = Promise.all([http.close(), http.close()]);
  response.end("ok");
  expect(await request).toMatchObject({ kind: "answer", body: "ok" });
  await closed;
});
