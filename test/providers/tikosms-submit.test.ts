import { describe, expect, test } from "vitest";
import { testOpenEndings } from "./adapter-tests.ts";
import { openEndings, rejection } from "./serve-answers.ts";
import {
  type Answer,
  connect,
  fixture,
  json,
  messageId,
  openClient,
  routeMissing,
  submission,
  token,
} from "./tikosms-fixtures.ts";

const accepted = { body: fixture("message.200.json") };
const html = { "content-type": "text/html" };

describe("the request", () => {
  test("a request to TikoSMS is the documented one", async () => {
    const { client, requests } = await connect(() => accepted);
    await client.submit({ ...submission, messageId: "invoice-10294" });
    expect(requests).toMatchObject([
      {
        method: "POST",
        path: "/v1/message",
        headers: {
          authorization: `Bearer ${token}`,
          accept: "application/json",
          "content-type": "application/json",
        },
      },
    ]);
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual(JSON.parse(fixture("message.request.json")));
  });

  test("a request to TikoSMS is that of the introduction, plus our reference", async () => {
    const { client, requests } = await connect(() => accepted);
    await client.submit({ ...submission, callbackUrl: "https://yoursite.com/sms-callback" });
    const printed = JSON.parse(fixture("message.introduction.request.json"));
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({ ...printed, client_ref: messageId });
  });

  test("a request to TikoSMS has no callback_url where we cannot be reached", async () => {
    const { client, requests } = await connect(() => accepted);
    await client.submit({ ...submission, callbackUrl: undefined });
    expect(JSON.parse(requests[0]?.body ?? "")).not.toHaveProperty("callback_url");
  });

  test.each([
    ["160 letters", "x".repeat(160), "/v1/message"],
    ["160 emoji", "😀".repeat(160), "/v1/message"],
    ["161 letters", "x".repeat(161), "/v1/messages"],
    ["81 emoji and 80 letters", "😀".repeat(81) + "x".repeat(80), "/v1/messages"],
  ])("a request to TikoSMS with %s goes whole to the right place", async (_name, text, path) => {
    const { client, requests } = await connect(() => accepted);
    await client.submit({ ...submission, text });
    expect(requests.map((seen) => seen.path)).toEqual([path]);
    expect(JSON.parse(requests[0]?.body ?? "")).toMatchObject({ message: text });
  });

  test("a request to TikoSMS for a long text is a campaign of one recipient, in the documented shape", async () => {
    const { client, requests } = await connect(() => ({ body: fixture("messages.200.json") }));
    const text = "Big sale today! ".repeat(20);
    const callbackUrl = "https://example.com/callback";
    const outcome = await client.submit({
      ...submission,
      messageId: "order-1",
      from: "MyBrand",
      text,
      callbackUrl,
    });
    expect(outcome).toEqual({ kind: "accepted", providerBatchId: "bc7f100a-bebb-4449-8f5a-cf5154ef2fcf" });
    const { scheduled_at: _, concurrency: __, ...printed } = JSON.parse(fixture("messages.request.json"));
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({ ...printed, message: text });
  });
});

describe("an answer that decides", () => {
  test.each<[string, Answer, object]>([
    [
      "200 with ids",
      accepted,
      {
        kind: "accepted",
        providerMessageId: "d3b0e5a1-2224-4a7e-8b12-7c61d3a7bfb9",
        providerBatchId: "7e9d2a5c-3b8e-4b8d-9b5f-1a2c3d4e5f60",
      },
    ],
    ["201 without success", json({ message_id: "m" }, 201), { kind: "accepted", providerMessageId: "m" }],
    [
      "200, everything as text",
      json({ success: "true", message_id: 7 }),
      { kind: "accepted", providerMessageId: "7" },
    ],
    ["200 behind a BOM", { body: `\uFEFF${accepted.body}` }, { kind: "accepted" }],
    [
      "403 without a rate",
      { status: 403, body: fixture("message.403.json") },
      rejected("REJECTED", "no_rate", true),
    ],
    [
      "402",
      json({ success: false, error: "Payment required" }, 402),
      { kind: "retryable", reason: "Payment required", noCredit: true },
    ],
    [
      "403 without credit",
      json({ success: false, error: "Insufficient balance." }, 403),
      { kind: "retryable", reason: "Insufficient balance.", noCredit: true },
    ],
    [
      "200 success false, without credit",
      json({ success: false, error: "You do not have enough credits" }),
      { kind: "retryable", noCredit: true },
    ],
    [
      "403 otherwise",
      json({ error: "Account blocked" }, 403),
      rejected("FAILED", "provider_forbidden", false),
    ],
    [
      "403 in HTML",
      { status: 403, body: "<h1>", headers: html },
      rejected("FAILED", "provider_forbidden", false),
    ],
    [
      "422 bad number",
      { status: 422, body: fixture("message.422.json") },
      rejected("REJECTED", "invalid_number", true),
    ],
    [
      "422 bad callback URL",
      { status: 422, body: fixture("messages.422.json") },
      rejected("FAILED", "invalid_callback_url", false),
    ],
    [
      "422 of the validator",
      json({ message: "The number is odd.", errors: { from: ["Too long."] } }, 422),
      rejected("REJECTED", "invalid_request", true),
    ],
    [
      "422 of the validator for the callback URL",
      json({ message: "The given data was invalid.", errors: { callback_url: ["Not a URL."] } }, 422),
      rejected("FAILED", "invalid_callback_url", false),
    ],
    ["422 without a word", { status: 422 }, rejected("REJECTED", "invalid_request", true)],
    [
      "401",
      { status: 401, body: fixture("balance.401.json") },
      rejected("FAILED", "provider_unauthenticated", false),
    ],
    [
      "401 of Laravel",
      json({ message: "Unauthenticated." }, 401),
      rejected("FAILED", "provider_unauthenticated", false),
    ],
    [
      "404 of the application",
      { status: 404, body: fixture("get_message.404.json") },
      rejected("FAILED", "provider_refused", false),
    ],
    ["400", json({ error: "Bad" }, 400), rejected("FAILED", "provider_refused", false)],
    [
      "200 success false",
      json({ success: false, error: "Nope" }),
      rejected("REJECTED", "rejected_by_provider", false),
    ],
    [
      "200 success 0",
      json({ success: 0, error: "Nope" }),
      rejected("REJECTED", "rejected_by_provider", false),
    ],
    [
      "200 success false, no rate",
      { body: fixture("message.403.json") },
      rejected("REJECTED", "no_rate", true),
    ],
    [
      "429",
      json({ message: "Too Many Attempts." }, 429),
      { kind: "retryable", reason: "HTTP 429: Too Many Attempts." },
    ],
    [
      "429 with Retry-After, in HTML",
      { status: 429, body: "<html>", headers: { ...html, "retry-after": "30" } },
      { kind: "retryable", reason: "HTTP 429 Too Many Requests", retryAfterSeconds: 30 },
    ],
  ])("an answer of TikoSMS decides: %s", async (_name, answer, outcome) => {
    const { client, requests } = await connect(() => answer);
    expect(await client.submit(submission)).toMatchObject(outcome);
    expect(requests).toHaveLength(1);
  });

  test.each<[object, string]>([
    [{ error: "One", message: "Two", errors: { from: ["Three"] } }, "One"],
    [{ error: { code: 1 }, message: "Two", errors: { from: ["Three"] } }, "Two"],
    [{ error: "", errors: { to: [], from: ["Three", "Four"] } }, "Three"],
    [{ errors: { from: "Three" } }, "Three"],
    [{ errors: ["odd"] }, "HTTP 422 Unprocessable Entity"],
    [{ success: false, error: "line\r\n  break\u0007" }, "line break"],
    [{ success: false, error: "x".repeat(400) }, `${"x".repeat(299)}…`],
    [{ error: "A secret of another server" }, "HTTP 422 Unprocessable Entity"],
    [{ message: "A secret of another server", data: {} }, "HTTP 422 Unprocessable Entity"],
  ])("an answer of TikoSMS decides: %o says %j", async (body, text) => {
    const { client } = await connect(() => json(body, 422));
    expect(await client.submit(submission)).toMatchObject({ failure: { text } });
  });
});

testOpenEndings({ connect, openClient, submission }, [
  ...openEndings(accepted.body),
  ["200 without ids", json({ success: true })],
  ["200 with empty ids", json({ success: true, message_id: "", campaign_id: null })],
  ["200 with a failure and an id", json({ success: false, message_id: "m" })],
  ["404 truncated", { status: 404, body: '{"success":fal' }],
  ["500 that claims failure", json({ success: false, error: "Oops" }, 500)],
]);

describe("the prefix", () => {
  const laravel: Answer = routeMissing;
  const page: Answer = { status: 404, body: "<html>Not Found</html>", headers: html };

  test.each([
    ["Laravel's 404", laravel],
    ["a page", page],
    ["an empty 404", { status: 404 }],
  ])("the prefix of TikoSMS changes to /api/v1 on %s, once and for good", async (_name, missing) => {
    const { client, requests } = await connect((seen) =>
      seen.path.startsWith("/api/v1/") ? accepted : missing,
    );
    expect(await client.submit(submission)).toMatchObject({ kind: "accepted" });
    expect(await client.submit(submission)).toMatchObject({ kind: "accepted" });
    expect(requests.map((seen) => seen.path)).toEqual(["/v1/message", "/api/v1/message", "/api/v1/message"]);
    expect(requests[1]?.body).toBe(requests[0]?.body);
  });

  test("the prefix of TikoSMS stays where the application itself says 404", async () => {
    const { client, requests } = await connect(() => ({
      status: 404,
      body: fixture("get_messages.404.json"),
    }));
    await client.submit(submission);
    expect(requests.map((seen) => seen.path)).toEqual(["/v1/message"]);
  });

  test("TikoSMS's path prefix is a fault of the connection where neither is known", async () => {
    const { client, requests } = await connect(() => routeMissing);
    expect(await client.submit(submission)).toMatchObject(
      rejected("FAILED", "provider_misconfigured", false),
    );
    expect(await client.check()).toMatchObject({ ok: false, problem: { kind: "refused" } });
    expect(requests.map((seen) => seen.path)).toEqual([
      "/v1/message",
      "/api/v1/message",
      "/v1/balance",
      "/api/v1/balance",
    ]);
  });

  test.each(["/api/v1", "/proxy/tikosms/v1/"])(
    "the prefix of TikoSMS is %s where the base URL says so",
    async (path) => {
      const { client, requests } = await connect(() => routeMissing, { path });
      expect(await client.submit(submission)).toMatchObject(
        rejected("FAILED", "provider_misconfigured", false),
      );
      expect(requests.map((seen) => seen.path)).toEqual([`${path.replace(/\/$/, "")}/message`]);
    },
  );

  test("the prefix of TikoSMS changes although the second answer is lost, which stays ambiguous", async () => {
    const { client } = await connect((seen) =>
      seen.path.startsWith("/api") ? (response) => response.socket?.resetAndDestroy() : routeMissing,
    );
    expect(await client.submit(submission)).toMatchObject({ kind: "ambiguous" });
  });

  test("TikoSMS's path prefix holds for messages submitted side by side", async () => {
    const { client } = await connect((seen) => (seen.path.startsWith("/api") ? accepted : routeMissing));
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => client.submit(submission)));
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(Array.from({ length: 8 }, () => "accepted"));
  });
});

test("no outcome repeats the token", async () => {
  const echo = { error: `Bearer ${token} is unknown`, message: token, errors: { from: [token] } };
  for (const status of [200, 302, 400, 401, 403, 404, 422, 429, 500]) {
    const { client } = await connect(() => json({ ...echo, success: false }, status));
    expect(JSON.stringify(await client.submit(submission))).not.toContain(token);
    expect(JSON.stringify(await client.balance())).not.toContain(token);
  }
});

function rejected(status: string, code: string, permanent: boolean): object {
  return rejection(expect.stringMatching(/\w/), status, code, permanent);
}
