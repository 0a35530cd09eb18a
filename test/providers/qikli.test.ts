import { describe, expect, test } from "vitest";
import { qikli } from "../../src/providers/qikli/index.ts";
import { unusedOrigin } from "./local-server.ts";
import {
  type Answer,
  authorization,
  connect,
  credentials,
  fixture,
  json,
  openClient,
  requestError,
  xmlHeaders,
} from "./qikli-fixtures.ts";

const empty: [string, Answer][] = [
  ["as documented", { body: fixture("reports.empty.200.json") }],
  ["an XML root without content", { body: "<SMSReportResponse/>", headers: xmlHeaders }],
  ["an XML root with an empty list", { body: "<reports><results></results></reports>", headers: xmlHeaders }],
  ["an XML root called results", { body: "<results/>", headers: xmlHeaders }],
  ["a list of nothing", json([])],
  ["no list", json({ results: null })],
  ["204", { status: 204 }],
];

describe("draining", () => {
  test.each<[string, Answer]>([
    ["JSON", { body: fixture("reports.200.json") }],
    ["XML", { body: fixture("reports.200.xml"), headers: xmlHeaders }],
  ])("draining Qikli's queue hands the body over as it came, in %s", async (_name, answer) => {
    const { client, requests } = await connect(() => answer);
    const { body, headers } = typeof answer === "object" ? answer : {};
    const contentType = headers?.["content-type"] ?? "application/json";
    expect(await client.drainReceipts?.()).toEqual({ ok: true, value: { body, contentType } });
    expect(requests).toMatchObject([
      { method: "GET", path: "/sms/1/reports", query: { limit: "100" }, headers: { authorization } },
    ]);
  });

  test.each(empty)("draining Qikli's queue finds nothing: %s", async (_name, answer) => {
    const { client } = await connect(() => answer);
    expect(await client.drainReceipts?.()).toEqual({ ok: true, value: undefined });
  });

  test.each<[string, Answer]>([
    ["truncated", { body: fixture("reports.200.json").slice(0, 300) }],
    ["as the documentation prints it", { body: fixture("reports.200.printed.txt") }],
    ["HTML", { body: "<html></html>", headers: { "content-type": "text/html" } }],
    ["a page with a document type", { body: "<!DOCTYPE html><html></html>" }],
    ["JSON of something else", json({ message: "hello" })],
    ["a row without a message id", json({ results: [{ to: "1" }] })],
    ["reports under an error", { status: 500, body: fixture("reports.200.json") }],
  ])("draining Qikli's queue keeps what nobody can fetch again: %s", async (_name, answer) => {
    const { client } = await connect(() => answer);
    const { body } = typeof answer === "object" ? answer : {};
    expect(await client.drainReceipts?.()).toMatchObject({ ok: true, value: { body } });
  });

  test("draining Qikli's queue says what may be lost", async () => {
    const { client } = await connect(() => (response) => response.socket?.resetAndDestroy());
    const detail = expect.stringContaining("lost");
    expect(await client.drainReceipts?.()).toEqual({ ok: false, problem: { kind: "unreachable", detail } });
  });
});

describe("the check", () => {
  test.each(empty)(
    "the check of a Qikli connection passes, and takes no report: %s",
    async (_name, answer) => {
      const { client, requests } = await connect(() => answer);
      expect(await client.check()).toEqual({ ok: true, value: { detail: "credentials accepted" } });
      const query = { messageId: "00000000-0000-0000-0000-000000000000", limit: "1" };
      expect(requests).toMatchObject([{ method: "GET", path: "/sms/1/reports", query }]);
    },
  );
});

describe("the problem of a question", () => {
  test.each<[string, Answer, string]>([
    ["401 as documented", { status: 401, body: fixture("error.401.json") }, "unauthenticated"],
    ["401 in XML", { status: 401, body: fixture("error.401.xml"), headers: xmlHeaders }, "unauthenticated"],
    [
      "UNAUTHORIZED under 200",
      json(requestError("UNAUTHORIZED", "Invalid login details")),
      "unauthenticated",
    ],
    ["an unknown error under 200", json(requestError("ODDITY", "Odd")), "refused"],
    ["an error called constructor", json(requestError("constructor", "Odd"), 400), "refused"],
    ["403", { status: 403 }, "refused"],
    ["404", { status: 404 }, "not_found"],
    ["429", json(requestError("TOO_MANY_REQUESTS", "Slow down"), 429), "busy"],
    ["503", { status: 503 }, "busy"],
    ["500", json(requestError("GENERAL_ERROR", "General error"), 500), "unreachable"],
    ["302", { status: 302, headers: { location: "/login" } }, "refused"],
    ["a reset", (response) => response.socket?.resetAndDestroy(), "unreachable"],
  ])("the problem of a query to Qikli is named: %s", async (_name, answer, kind) => {
    const { client } = await connect(() => answer);
    const problem = { kind, detail: expect.stringMatching(/\w/) };
    expect(await client.check()).toMatchObject({ ok: false, problem });
    expect(await client.drainReceipts?.()).toMatchObject({ ok: false, problem });
  });

  test.each<[string, Answer]>([
    ["HTML", { body: "<html></html>" }],
    ["a report that nobody asked for", { body: fixture("reports.200.json") }],
    ["something else", json({})],
  ])("a check answered with %s", async (_name, answer) => {
    const { client } = await connect(() => answer);
    expect(await client.check()).toMatchObject({ ok: false, problem: { kind: "unreadable" } });
  });

  test("the problem of a query to Qikli says when to ask again", async () => {
    const { client } = await connect(() => ({ status: 429, headers: { "retry-after": "9" } }));
    expect(await client.drainReceipts?.()).toMatchObject({ problem: { kind: "busy", retryAfterSeconds: 9 } });
  });

  test("no answer in time, and nobody there", async () => {
    const { client } = await connect(() => () => {}, { totalTimeoutMs: 500 });
    expect(await client.check()).toMatchObject({ ok: false, problem: { kind: "unreachable" } });
    const nobody = await openClient(await unusedOrigin()).drainReceipts?.();
    expect(nobody).toEqual({ ok: false, problem: { kind: "unreachable", detail: "connection refused" } });
  });
});

test("nothing is asked of Qikli that it does not have", async () => {
  const { client, requests } = await connect(() => json({}));
  const refused = {
    ok: false,
    problem: { kind: "refused", detail: expect.stringContaining("Qikli has no") },
  };
  expect(await client.balance()).toEqual(refused);
  expect(await client.rates({ mccmnc: "62001" })).toEqual(refused);
  expect(requests).toEqual([]);
});

describe("settings", () => {
  const good = { baseUrl: qikli.documentedBaseUrl, ...credentials };

  test("the settings of Qikli are JSON in UTC, with one resend and without the logs, unless said otherwise", () => {
    const usual = { format: "JSON", timeZone: "UTC", resend: true, logs: false };
    expect(qikli.settings.parse(good)).toEqual({ ...good, ...usual });
  });

  test("the settings of Qikli have one secret", () => expect(qikli.secretKeys).toEqual(["password"]));

  test.each([
    { baseUrl: "api.sms.qikli.com" },
    { baseUrl: "https://user:password@api.sms.qikli.com" },
    { username: "" },
    { username: "a:b" },
    { username: "line\nbreak" },
    { password: "" },
    { password: "line\nbreak" },
    { timeZone: "Accra" },
    { format: "YAML" },
  ])("the settings of Qikli are refused: %o", (fault) =>
    expect(qikli.settings.safeParse({ ...good, ...fault }).success).toBe(false),
  );
});

describe("senders", () => {
  test.each(["SAMPLESENDER", "MySender", "AB", "12345678901234", "+23320507298712"])(
    "the sender ID %j may be used with Qikli",
    (sender) => expect(qikli.senderProblem(sender)).toBeUndefined(),
  );

  test.each([
    ["", "empty"],
    ["  ", "empty"],
    ["SAMPLESENDER1", "12 characters"],
    ["123456789012345", "14 digits"],
    ["A\nB", "control"],
  ])("the sender ID %j may not be used with Qikli", (sender, problem) =>
    expect(qikli.senderProblem(sender)).toContain(problem),
  );
});
