import type { Socket } from "node:net";
import { array, assert, asyncProperty } from "fast-check";
import { describe, expect, test } from "vitest";
import type { HttpLimits } from "../../src/providers/registry.ts";
import { readXml } from "../../src/providers/wire/xml.ts";
import { connectToSubmit, open, serveResets, type Subject } from "./contract-client.ts";
import { submission } from "./contract-description.ts";
import { mutate, mutation } from "./contract-mutations.ts";
import { echo, expectNoSecret, sentSecrets } from "./contract-secrets.ts";
import { serveTcp, unusedOrigin } from "./local-server.ts";
import { type Answer, serveAnswers } from "./serve-answers.ts";

const someText = expect.stringMatching(/\w/);
const ambiguous = { kind: "ambiguous", reason: someText };

/** What an attempt to submit comes to, whatever happens to it. */
export function testSubmit(subject: Subject): void {
  describe("the request", () => testRequest(subject));
  describe("a verdict", () => testVerdicts(subject));
  describe("proof that nothing was sent", () => testNotSent(subject));
  describe("an answer that leaves it open", () => testOpen(subject));
  describe("an answer that does not come", () => testLate(subject));
  describe("secrets", () => testSecrets(subject));
}

function testRequest(subject: Subject): void {
  const { variant } = subject;
  const { request, accepted, mediaType } = variant;
  const answer = { body: accepted, headers: { "content-type": mediaType } };

  test("says what is asked for, as the provider wants it, once", async () => {
    const { client, requests, submissions } = await connectToSubmit(subject, () => answer);
    await client.submit(submission);
    expect(submissions()).toHaveLength(1);
    // Only a session is asked for before.
    expect(requests).toHaveLength(variant.settings["useSession"] === true ? 2 : 1);
    const [seen] = submissions();
    expect(seen).toMatchObject({ method: "POST", path: request.path, query: {}, headers: request.headers });
    expect(readBody(mediaType, seen?.body ?? "")).toEqual(request.content);
  });

  test("keeps every character of the text", async () => {
    const text = 'Ž "quoted" \\ <b>&amp;</b> ]]> ї 🙂\nline';
    const { client, submissions } = await connectToSubmit(subject, () => answer);
    await client.submit({ ...submission, text, encoding: "UCS2" });
    const content = readBody(mediaType, submissions()[0]?.body ?? "");
    expect(JSON.stringify(content)).toContain(JSON.stringify(text));
  });

  test("is never written twice by itself, however many there are", async () => {
    const { client, submissions } = await connectToSubmit(subject, () => answer, { maxConcurrent: 3 });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => client.submit(submission)));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(["accepted"]));
    expect(submissions()).toHaveLength(20);
  });
}

function readBody(mediaType: string, body: string): unknown {
  return mediaType === "application/xml" ? readXml(body)?.content : JSON.parse(body);
}

function testVerdicts(subject: Subject): void {
  const { variant } = subject;
  const { accepted, acceptedIds, mediaType, rejected, errorBody } = variant;
  const submit = async (answer: Answer) => {
    const { client, submissions } = await connectToSubmit(subject, () => answer);
    const outcome = await client.submit(submission);
    expect(submissions()).toHaveLength(1);
    return outcome;
  };

  // What the body is shows in itself.
  test.each([
    mediaType,
    `${mediaType}; charset=utf-8`,
    "text/html",
    "text/plain",
    "application/octet-stream",
    "",
  ])("accepted, under the content type %j", async (type) => {
    const headers: Record<string, string> = type === "" ? {} : { "content-type": type };
    expect(await submit({ body: accepted, headers })).toEqual({ kind: "accepted", ...acceptedIds });
    expect(await submit({ body: `\uFEFF${accepted}`, headers })).toMatchObject({ kind: "accepted" });
  });

  test("accepted, in many pieces", async () => {
    const inPieces: Answer = (response) => {
      response.writeHead(200, { "content-type": mediaType });
      for (const piece of accepted.match(/[^]{1,7}/g) ?? []) response.write(piece);
      response.end();
    };
    expect(await submit(inPieces)).toEqual({ kind: "accepted", ...acceptedIds });
  });

  test("rejected, with a reason for programs and one for people", async () => {
    const { answer, status, code } = rejected;
    const failure = { code, text: someText, permanent: expect.any(Boolean) };
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(await submit(answer)).toEqual({ kind: "rejected", status, failure });
  });

  test.each([...(variant.partial ?? [])])("in part: %s", async (_name, answer, outcome) => {
    expect(await submit(answer)).toMatchObject(outcome);
  });

  const throttled: [string, object][] = [
    ["in the provider's syntax", { body: errorBody("Slow down") }],
    ["in plain text", { body: "Too Many Requests", headers: { "content-type": "text/plain" } }],
    ["in HTML", { body: "<html><body>Too Many Requests</body></html>" }],
    ["without a word", {}],
  ];
  test.each(throttled)("to wait, %s", async (_name, answer) => {
    const headers = { "retry-after": "7" };
    const retryable = { kind: "retryable", reason: someText, retryAfterSeconds: 7 };
    expect(await submit({ ...answer, status: 429, headers })).toEqual(retryable);
    const unsaid = await submit({ ...answer, status: 429, headers: {} });
    expect(unsaid).toMatchObject({ kind: "retryable" });
    expect(unsaid).not.toHaveProperty("retryAfterSeconds", expect.anything());
  });
}

function testNotSent(subject: Subject): void {
  const retryable = { kind: "retryable", reason: someText };

  test("connection refused", async () => {
    const { client } = open(subject, await unusedOrigin());
    expect(await client.submit(submission)).toEqual({
      ...retryable,
      reason: expect.stringContaining("refused"),
    });
  });

  test("a host name that leads nowhere", async () => {
    const { client } = open(subject, "http://smsgraph.invalid");
    expect(await client.submit(submission)).toEqual({
      ...retryable,
      reason: expect.stringContaining("host name"),
    });
  });

  test("a server that speaks no TLS", async () => {
    const { origin, requests } = await serveAnswers(() => ({}));
    const { client } = open(subject, origin.replace("http:", "https:"));
    expect(await client.submit(submission)).toEqual(retryable);
    expect(requests).toEqual([]);
  });

  test("a TLS handshake that hangs", async () => {
    const origin = await serveTcp((socket) => socket.resume());
    const { client } = open(subject, origin.replace("http:", "https:"), { connectTimeoutMs: 50 });
    expect(await client.submit(submission)).toEqual(retryable);
  });

  test("no connection free in time", async () => {
    const limits = { maxConcurrent: 1, totalTimeoutMs: 150 };
    const { client, submissions } = await connectToSubmit(subject, () => () => {}, limits);
    const outcomes = await Promise.all([client.submit(submission), client.submit(submission)]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["ambiguous", "retryable"]);
    expect(submissions()).toHaveLength(1);
  });

  test("a client that was closed", async () => {
    const opened = open(subject, await unusedOrigin());
    await opened.close();
    expect(await opened.client.submit(submission)).toEqual(retryable);
  });

  test("a reset as soon as the connection stands is no acceptance", async () => {
    const origin = await serveTcp((socket) => socket.resetAndDestroy());
    const { kind } = await open(subject, origin).client.submit(submission);
    expect(["retryable", "ambiguous"]).toContain(kind);
  });
}

const html = { "content-type": "text/html" };

function testOpen(subject: Subject): void {
  const { variant } = subject;
  const { accepted, mediaType, errorBody, unclear } = variant;
  const headers = { "content-type": mediaType };
  const fault = errorBody("Something went wrong");
  const open5xx = [500, 501, 502, 503, 504, 520].flatMap((status): [string, Answer][] => [
    [
      `${status} in the provider's syntax`,
      { status, body: fault, headers: { ...headers, "retry-after": "5" } },
    ],
    [`${status} in HTML`, { status, body: "<html></html>", headers: html }],
    [`${status} empty`, { status }],
  ]);
  const redirects = [301, 302, 303, 307, 308].map((status): [string, Answer] => [
    `${status}, which is not followed`,
    { status, headers: { location: "/elsewhere" } },
  ]);
  const endings: [string, Answer][] = [
    ["200 empty", {}],
    ["204", { status: 204 }],
    ["200 in HTML", { body: "<html><body>OK</body></html>", headers: html }],
    ["200 in HTML with a doctype", { body: "<!DOCTYPE html><html><body>OK</body></html>", headers: html }],
    ["200 in plain text", { body: "OK", headers: { "content-type": "text/plain" } }],
    ["200 with null", { body: "null", headers }],
    ["200 with an empty object", { body: "{}", headers }],
    ["200 with an empty list", { body: "[]", headers }],
    ["200 truncated", { body: accepted.trimEnd().slice(0, -1), headers }],
    ["200 truncated early", { body: accepted.slice(0, accepted.length / 2), headers }],
    ["408", { status: 408, headers }],
    ["409", { status: 409, headers }],
    ["a body longer than the limit", { body: `${accepted}${" ".repeat(100_000)}`, headers }],
    ["a reset", (response) => response.socket?.resetAndDestroy()],
    ["a close", (response) => response.socket?.end()],
    ["a reset within the head", (response) => cut(response.socket, "HTTP/1.1 200 OK\r\nContent-Ty")],
    ["a reset within the body", (response) => cut(response.socket, head(accepted, accepted.slice(0, 20)))],
    ["what is no HTTP", (response) => response.socket?.end("SMTP ready\r\n\r\n")],
    ["a head that is too long", { body: accepted, headers: { ...headers, "x-long": "x".repeat(100_000) } }],
  ];

  test.each([...endings, ...open5xx, ...redirects, ...unclear])("%s", async (_name, answer) => {
    const { client, requests, submissions } = await connectToSubmit(subject, () => answer, {
      maxBodyBytes: 50_000,
    });
    expect(await client.submit(submission)).toEqual(ambiguous);
    expect(submissions()).toHaveLength(1);
    expect(requests.map(({ path }) => path)).not.toContain("/elsewhere");
  });

  test("a reset while the request is still being written", async () => {
    const { client } = open(subject, await serveResets(subject));
    expect(await client.submit({ ...submission, text: "x".repeat(10_000_000) })).toEqual(ambiguous);
  });

  test("whatever becomes of an acceptance on its way, it is not sent again", async () => {
    let body = accepted;
    const { client, submissions } = await connectToSubmit(subject, () => ({ body, headers }));
    await assert(
      asyncProperty(array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        body = mutations.reduce(mutate, accepted);
        const sentBefore = submissions().length;
        expect((await client.submit(submission)).kind).not.toBe("retryable");
        expect(submissions()).toHaveLength(sentBefore + 1);
      }),
      { numRuns: 200 },
    );
  });
}

const head = (whole: string, body: string): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(whole)}\r\n\r\n${body}`;

/** Resets once this much has arrived. */
function cut(socket: Socket | null, written: string): void {
  socket?.write(written, () => socket.resetAndDestroy());
}

function testLate(subject: Subject): void {
  const { accepted } = subject.variant;
  const short = { totalTimeoutMs: 200 };
  const half = head(accepted, accepted.slice(0, 20));
  const late: [string, Answer, HttpLimits][] = [
    ["nothing within the limit for the head", () => {}, { headersTimeoutMs: 100 }],
    [
      "no more within the limit for the body",
      (response) => response.socket?.write(half),
      { bodyTimeoutMs: 100 },
    ],
    ["nothing", () => {}, short],
    ["half a head", (response) => response.socket?.write("HTTP/1.1 200 OK\r\n"), short],
    ["a head alone", (response) => response.socket?.write(head(accepted, "")), short],
    ["half a body", (response) => response.socket?.write(half), short],
    ["a body drop by drop", (response) => drip(response.socket), short],
  ];

  test.each(late)("%s", async (_name, answer, limits) => {
    const { client, submissions } = await connectToSubmit(subject, () => answer, limits);
    expect(await client.submit(submission)).toEqual(ambiguous);
    expect(submissions()).toHaveLength(1);
  });
}

/** Keeps the body's time limit from passing, for ever. */
function drip(socket: Socket | null): void {
  socket?.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  const timer = setInterval(() => socket?.write("1\r\n \r\n"), 20);
  socket?.once("close", () => clearInterval(timer));
}

const statuses = [200, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503];

function testSecrets(subject: Subject): void {
  const { errorBody, mediaType } = subject.variant;
  const headers = { "content-type": mediaType };

  test.each(statuses)("are not repeated, though an answer %i does", async (status) => {
    for (const form of sentSecrets(subject)) {
      const body = errorBody(`The credentials ${form} are wrong: ${form}`);
      const { client } = await connectToSubmit(subject, () => ({ status, body, headers }));
      expectNoSecret(subject, await client.submit(submission));
    }
    const echoing = await connectToSubmit(subject, (seen) => ({
      status,
      body: errorBody(echo(seen)),
      headers,
    }));
    expectNoSecret(subject, await echoing.client.submit(submission));
  });
}
