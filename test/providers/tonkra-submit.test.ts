import { describe, expect, test } from "vitest";
import { testOpenEndings } from "./adapter-tests.ts";
import { type Answer, json, openEndings } from "./serve-answers.ts";
import { connect, fixture, openClient, rejected, submission, token } from "./tonkra-fixtures.ts";

const accepted = { body: fixture("real.send.200.json") };
const sent = JSON.parse(accepted.body);
const html = { "content-type": "text/html" };
const refused = (message: string, status = 403): Answer => json({ status: "error", message }, status);

describe("the request", () => {
  test("a request to Tonkra is the documented one", async () => {
    const { client, requests } = await connect(() => accepted);
    await client.submit(submission);
    expect(requests).toMatchObject([
      {
        method: "POST",
        path: "/api/http/sms/send",
        query: {},
        headers: { accept: "application/json", "content-type": "application/json" },
      },
    ]);
    expect(requests[0]?.headers).not.toHaveProperty("authorization");
    const printed = JSON.parse(fixture("send.request.json"));
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({ ...printed, api_token: token });
  });

  test("a request to Tonkra has the token in its header alone under v3", async () => {
    const { client, requests } = await connect(() => accepted, { api: "V3" });
    await client.submit({ ...submission, dltTemplateId: "1107161234567890123" });
    expect(requests).toMatchObject([
      { path: "/api/v3/sms/send", query: {}, headers: { authorization: `Bearer ${token}` } },
    ]);
    const { api_token: _, ...printed } = JSON.parse(fixture("send.request.json"));
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({
      ...printed,
      dlt_template_id: "1107161234567890123",
    });
  });

  test.each(["/api/http/sms/send", "/api/http/sms/", "/api/http/"])(
    "a request to Tonkra takes what the documentation prints as an endpoint for the base URL: %s",
    async (path) => {
      const { client, requests } = await connect(() => accepted, { path });
      await client.submit(submission);
      expect(requests.map((seen) => seen.path)).toEqual(["/api/http/sms/send"]);
    },
  );

  test.each(["/api/http", "/proxy/tonkra/", "/proxy/sms"])(
    "a request to Tonkra goes where the base URL says: %s",
    async (path) => {
      const { client, requests } = await connect(() => accepted, { path, api: "V3" });
      await client.submit(submission);
      expect(requests.map((seen) => seen.path)).toEqual([`${path.replace(/\/$/, "")}/sms/send`]);
    },
  );
});

describe("an answer that decides", () => {
  const taken = { kind: "accepted", providerMessageId: "61536aa9cab81" };
  test.each<[string, Answer, object]>([
    ["one row", accepted, taken],
    [
      "one row, printed with the documentation's commas",
      { body: accepted.body.replaceAll("\n  }", ",\n  }") },
      taken,
    ],
    ["a list of several, with ours", { body: fixture("real.send.several.200.json") }, taken],
    ["an old status", json({ ...sent, data: { ...sent.data, status: "Delivered|gw-1" } }), taken],
    ["another verdict's case", json({ ...sent, status: "Success" }), taken],
    ["success under 403", json(sent, 403), taken],
    ["success under 500", json(sent, 500), taken],
    ["a row that failed", json({ ...sent, data: { ...sent.data, status: "Failed" } }), taken],
    [
      "a numeric uid, from another row's number",
      json({ ...sent, data: { uid: 12, to: "612345678" } }),
      { kind: "accepted", providerMessageId: "12" },
    ],
    [
      "a list without ours",
      json({ ...sent, message: "Permission not enabled for the region: 31612345678", data: [] }),
      rejected("REJECTED", "no_rate", true),
    ],
    [
      "a list without ours, for an unknown reason",
      json({ ...sent, data: [], message: "Nee" }),
      rejected("REJECTED", "rejected_by_provider", false),
    ],

    [
      "403 region",
      refused(
        "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: 1",
      ),
      rejected("REJECTED", "no_rate", true),
    ],
    ["403 coverage", refused("No coverage for 31612345678"), rejected("REJECTED", "no_rate", true)],
    [
      "403 bad number",
      refused("The phone number is not valid"),
      rejected("REJECTED", "invalid_number", true),
    ],
    [
      "403 blacklist",
      refused("This number is on the blacklist"),
      rejected("REJECTED", "recipient_blocked", true),
    ],
    ["403 sender", refused("This Sender ID is not allowed"), rejected("REJECTED", "invalid_sender", true)],
    [
      "403 units",
      refused("You do not have enough sms units"),
      { kind: "retryable", reason: "You do not have enough sms units", noCredit: true },
    ],
    ["403 balance", refused("Not enough balance to send to this number"), { kind: "retryable" }],
    [
      "403 no permission",
      refused("You do not have permission to access API"),
      rejected("FAILED", "provider_forbidden", false),
    ],
    [
      "403 of the framework",
      json({ message: "This action is unauthorized." }, 403),
      rejected("FAILED", "provider_forbidden", false),
    ],
    ["404 plan", refused("Your plan is not active", 404), rejected("FAILED", "provider_refused", false)],
    ["404 type", refused("SMS type is invalid", 404), rejected("FAILED", "provider_refused", false)],
    [
      "404 DLT",
      refused("DLT id of the recipient is missing", 404),
      rejected("FAILED", "provider_refused", false),
    ],
    ["404 spam", refused("The message contains spam words", 404), rejected("REJECTED", "text_refused", true)],
    ["404 sender", refused("The sender id is invalid", 404), rejected("REJECTED", "invalid_sender", true)],
    [
      "404 of the router",
      json({ message: "The route api/http/sms/send could not be found." }, 404),
      rejected("FAILED", "provider_misconfigured", false),
    ],
    [
      "404 in HTML",
      { status: 404, body: "<html>", headers: html },
      rejected("FAILED", "provider_misconfigured", false),
    ],
    [
      "200 bad token",
      { body: fixture("real.token.200.json") },
      rejected("FAILED", "provider_unauthenticated", false),
    ],
    [
      "200 no token",
      refused("The api token field is required.", 200),
      rejected("FAILED", "provider_unauthenticated", false),
    ],
    ["200 demo", refused("Not available in demo mode", 200), rejected("FAILED", "provider_refused", false)],
    ["200 number", refused("Invalid phone number", 200), rejected("REJECTED", "invalid_number", true)],
    [
      "401",
      json({ message: "Unauthenticated." }, 401),
      rejected("FAILED", "provider_unauthenticated", false),
    ],
    [
      "401 in HTML",
      { status: 401, body: "<html>", headers: html },
      rejected("FAILED", "provider_unauthenticated", false),
    ],
    [
      "422",
      json({ message: "The given data was invalid.", errors: {} }, 422),
      rejected("REJECTED", "invalid_request", true),
    ],
    ["422 of the application", refused("Falsch", 422), rejected("REJECTED", "invalid_request", true)],
    ["405", json({ message: "Method not allowed" }, 405), rejected("FAILED", "provider_refused", false)],
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
  ])("an answer of Tonkra decides: %s", async (_name, answer, outcome) => {
    const { client, requests } = await connect(() => answer);
    expect(await client.submit(submission)).toMatchObject(outcome);
    expect(requests).toHaveLength(1);
  });
});

describe("an error under 200 that does not say why", () => {
  const unexplained = { body: fixture("error.json") };

  test.each<[string, Answer, object]>([
    [
      "is a wrong token where a question fails, too",
      { body: fixture("real.token.200.json") },
      rejected("FAILED", "provider_unauthenticated", false),
    ],
    [
      "is a wrong token in any language",
      refused("Diese Zugangsdaten sind falsch.", 200),
      rejected("FAILED", "provider_unauthenticated", false),
    ],
    [
      "is the message's fault where the token is right",
      { body: fixture("real.balance.200.json") },
      rejected("REJECTED", "rejected_by_provider", false),
    ],
    ["is not explained by a fault", { status: 500 }, rejected("REJECTED", "rejected_by_provider", false)],
  ])("an error of Tonkra under 200 does not say why: %s", async (_name, balance, outcome) => {
    const { client, requests } = await connect(({ path }) =>
      path.endsWith("/balance") ? balance : unexplained,
    );
    expect(await client.submit(submission)).toMatchObject(outcome);
    expect(requests.map((seen) => seen.path)).toEqual(["/api/http/sms/send", "/api/http/balance"]);
  });

  test("a Tonkra error under 200 without a reason is looked up in the list if there is no balance", async () => {
    const { client } = await connect(({ path }) =>
      path.endsWith("/balance") ? { status: 404 } : refused("Diese Zugangsdaten sind falsch.", 200),
    );
    expect(await client.submit(submission)).toMatchObject(
      rejected("FAILED", "provider_unauthenticated", false),
    );
  });
});

testOpenEndings({ connect, openClient, submission }, [
  ...openEndings(accepted.body),
  ["the documented placeholder", { body: fixture("send.200.json") }],
  ["the documented placeholder, unrepaired", { body: fixture("send.200.unrendered.txt") }],
  ["the answer to a scheduled list", { body: fixture("real.send.scheduled.200.json") }],
  ["success without data", json({ status: "success" })],
  ["success without uid", json({ ...sent, data: { ...sent.data, uid: "" } })],
  ["a list without uid", json({ ...sent, data: [{ to: "31612345678" }] })],
  ["a list of somebody else's", json({ ...sent, data: [{ uid: "x", to: "4915112345678" }] })],
  ["a list of nobody's", json({ ...sent, data: [{ uid: "x" }] })],
  ["a list without ours, since the gateway timed out", json({ ...sent, data: [], message: "Failed" })],
  ["an error with a uid", json({ ...sent, status: "error" }, 403)],
  ["403 Failed", refused("Failed")],
  ["403 Failed, old", refused("Failed|cURL error 28")],
  ["403 of the gateway about a number", refused("cURL error 28: timed out for number 1")],
  ["403 in another language", refused("Die Nummer ist falsch")],
  ["403 in HTML", { status: 403, body: "<html>", headers: html }],
  ["200 Failed", refused("Failed", 200)],
  ["404 truncated", { status: 404, body: '{"status":"err' }],
  ["422 empty", { status: 422 }],
  ["200 without a verdict", json({ data: sent.data })],
  ["500 with an error", refused("Server Error", 500)],
]);

test.each(["HTTP", "V3"] as const)("no outcome of %s repeats the token", async (api) => {
  const echo = { message: `${token} or ${encodeURIComponent(token)} is unknown`, api_token: token };
  for (const status of [200, 302, 400, 401, 403, 404, 422, 429, 500]) {
    for (const verdict of ["success", "error", undefined]) {
      const { client } = await connect(() => json({ ...echo, status: verdict }, status), { api });
      const outcomes = [await client.submit(submission), await client.balance(), await client.check()];
      expect(JSON.stringify(outcomes)).not.toMatch(/tonkra-secret/);
    }
  }
});
