import { describe, expect, test } from "vitest";
import { readXml } from "../../src/providers/wire/xml.ts";
import { testOpenEndings } from "./adapter-tests.ts";
import {
  accepted,
  type Answer,
  authorization,
  checked,
  connect,
  credentials,
  duplicate,
  fixture,
  json,
  messageId,
  openClient,
  requestError,
  submission,
  verdict,
  xmlHeaders,
} from "./qikli-fixtures.ts";
import { openEndings, rejection } from "./serve-answers.ts";

const good = json(verdict(accepted));
const someText = expect.stringMatching(/\w/);

describe("the request", () => {
  test("a request to Qikli is the documented one, as far as one message goes", async () => {
    const { client, requests } = await connect(() => good);
    const printed = JSON.parse(fixture("send.request.json")).messages[0];
    const own = { messageId: "MESSAGE-ID-127-xyz", from: "SAMPLESENDER", callbackUrl: undefined };
    await client.submit({ ...submission, ...own });
    expect(requests).toMatchObject([
      {
        method: "POST",
        path: "/sms/2/text/advanced",
        headers: { authorization, accept: "application/json", "content-type": "application/json" },
      },
    ]);
    const [destination] = printed.destinations;
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({
      messages: [{ ...printed, destinations: [destination] }],
    });
  });

  test("a request to Qikli is the documented one in XML", async () => {
    const { client, requests } = await connect(() => good, { format: "XML" });
    await client.submit({ ...submission, messageId: "MESSAGE-ID-127-xyz", callbackUrl: undefined });
    expect(requests[0]?.headers).toMatchObject({
      accept: "application/xml",
      "content-type": "application/xml",
    });
    const printed = fixture("send.request.xml")
      .replace(/<bulkId>.*<\/bulkId>/, "")
      .replace(/<destination>\s*<to>2332x+<\/to>\s*<\/destination>/, "")
      .replace(/<tracking>[^]*<\/tracking>/, "");
    expect(readXml(requests[0]?.body ?? "")).toEqual(readXml(printed));
  });

  const text = 'Tom & "Jerry" <3 ]]> Ž';
  const everything = { ...submission, text, flash: true, validityMinutes: 720 };
  const destination = { to: "233205072987", messageId };
  const wanted = { from: "SAMPLE", text, notifyUrl: submission.callbackUrl };

  test("a request to Qikli carries everything that was asked for", async () => {
    const { client, requests } = await connect(() => good);
    await client.submit(everything);
    const details = { notifyContentType: "application/json", flash: true, validityPeriod: 720 };
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({
      messages: [{ ...wanted, ...details, destinations: [destination] }],
    });
  });

  test("a request to Qikli carries everything that was asked for in XML", async () => {
    const { client, requests } = await connect(() => good, { format: "XML" });
    await client.submit(everything);
    const details = { notifyContentType: "application/xml", flash: "true", validityPeriod: "720" };
    const message = { ...wanted, ...details, destinations: { destination } };
    expect(readXml(requests[0]?.body ?? "")).toEqual({ root: "request", content: { messages: { message } } });
  });

  test("a request to Qikli asks for 48 hours of validity at most", async () => {
    const { client, requests } = await connect(() => good);
    await client.submit({ ...submission, validityMinutes: 5_000 });
    expect(JSON.parse(requests[0]?.body ?? "")).toMatchObject({ messages: [{ validityPeriod: 2_880 }] });
  });

  test.each([
    ["", "/sms/2/text/advanced"],
    ["/", "/sms/2/text/advanced"],
    ["/restapi", "/restapi/sms/2/text/advanced"],
    ["/sms/2/text/advanced", "/sms/2/text/advanced"],
    ["/restapi/sms/2/text/advanced/", "/restapi/sms/2/text/advanced"],
  ])("a request to Qikli under the base path %j goes to %s", async (path, expected) => {
    const { client, requests } = await connect(() => good, { path });
    await client.submit(submission);
    expect(requests.map((seen) => seen.path)).toEqual([expected]);
  });

  test("a request to Qikli has long credentials on one line, in UTF-8", async () => {
    const own = { username: "ž".repeat(80), password: "päss:wörd ".repeat(20) };
    const { client, requests } = await connect(() => good, own);
    await client.submit(submission);
    const [scheme, encoded = ""] = requests[0]?.headers.authorization?.split(" ") ?? [];
    expect(scheme).toBe("Basic");
    expect(Buffer.from(encoded, "base64").toString()).toBe(`${own.username}:${own.password}`);
  });
});

const taken = { kind: "accepted", providerMessageId: messageId, providerBatchId: "bulk-1" };
const documented = {
  kind: "accepted",
  providerMessageId: "MESSAGE-ID-127-xyz",
  providerBatchId: "BULK-ID-123-xyz",
};

describe("an answer that accepts", () => {
  test.each<[string, Answer]>([
    ["JSON", { body: fixture("send.200.json") }],
    ["XML", { body: fixture("send.200.xml"), headers: xmlHeaders }],
    ["XML called JSON", { body: fixture("send.200.xml") }],
    ["JSON without a content type", { body: fixture("send.200.json"), headers: {} }],
  ])("an answer of Qikli accepts as documented, in %s", async (_name, answer) => {
    const { client } = await connect(() => answer);
    expect(await client.submit({ ...submission, messageId: "MESSAGE-ID-127-xyz" })).toEqual(documented);
  });

  test.each([
    ["0/ACCEPTED/0/MESSAGE_ACCEPTED", { groupId: 0, groupName: "ACCEPTED", id: 0, name: "MESSAGE_ACCEPTED" }],
    ["1/PENDING/26/PENDING_ACCEPTED", { groupId: 1, groupName: "PENDING", id: 26, name: "PENDING_ACCEPTED" }],
    ["1/PENDING/7/PENDING_ENROUTE", { groupId: 1, groupName: "PENDING", id: 7, name: "PENDING_ENROUTE" }],
    ["group 1 alone", { groupId: "1" }],
    [
      "an unheard-of status of group 1",
      { groupId: 1, groupName: "PENDING", id: 900, name: "PENDING_SOMEHOW" },
    ],
    ["PENDING with a group that is none", { groupId: 7, groupName: "PENDING", id: 26, name: "X" }],
  ])("an answer of Qikli accepts: %s", async (_name, status) => {
    const { client } = await connect(() => json(verdict(status)));
    expect(await client.submit(submission)).toEqual(taken);
  });

  test.each<[string, object, object]>([
    ["one object for a list", { messages: { to: "233205072987", status: accepted, messageId } }, {}],
    ["the item under its singular name", { messages: { message: [{ status: accepted, messageId }] } }, {}],
    ["only the number, with a plus", { messages: [{ to: "+233205072987", status: accepted }] }, {}],
    ["a message id of its own", verdict(accepted, { messageId: "theirs" }), { providerMessageId: "theirs" }],
    [
      "another row before ours",
      {
        messages: [
          { to: "1", messageId: "m", status: duplicate },
          { messageId, status: accepted },
        ],
      },
      {},
    ],
    [
      "our id in capitals",
      verdict(accepted, { messageId: messageId.toUpperCase() }),
      { providerMessageId: messageId.toUpperCase() },
    ],
    ["smsCount and unknown keys", verdict(accepted, { smsCount: 2, more: {} }), {}],
  ])("an answer of Qikli accepts with %s", async (_name, body, ids) => {
    const { client } = await connect(() => json(body));
    expect(await client.submit(submission)).toMatchObject({
      kind: "accepted",
      providerMessageId: messageId,
      ...ids,
    });
  });
});

describe("an answer that refuses", () => {
  test.each<[string, Answer, object]>([
    [
      "400 as documented",
      { status: 400, body: fixture("error.400.json") },
      rejection("messages[0].destinations may not be empty", "REJECTED", "invalid_request", true),
    ],
    [
      "400 with a text for validation errors",
      json(requestError("BAD_REQUEST", "Bad Request", "to is odd"), 400),
      rejection("to is odd", "REJECTED", "invalid_request", true),
    ],
    [
      "400 without validation errors",
      json(requestError("BAD_REQUEST", "Bad Request"), 400),
      rejection("Bad Request", "REJECTED", "invalid_request", true),
    ],
    [
      "400 for the notify URL",
      json(requestError("BAD_REQUEST", "Bad Request", { "messages[0].notifyUrl": ["odd"] }), 400),
      rejection(someText, "FAILED", "invalid_callback_url", false),
    ],
    [
      "BAD_REQUEST under 200",
      json(requestError("bad_request", "Bad Request")),
      rejection("Bad Request", "REJECTED", "invalid_request", true),
    ],
    [
      "BAD_REQUEST under 500",
      json(requestError("BAD_REQUEST", "Bad Request"), 500),
      rejection("Bad Request", "REJECTED", "invalid_request", true),
    ],
    [
      "400 without a word",
      { status: 400 },
      rejection("HTTP 400 Bad Request", "FAILED", "provider_refused", false),
    ],
    [
      "401 as documented",
      { status: 401, body: fixture("error.401.json") },
      rejection("Invalid login details", "FAILED", "provider_unauthenticated", false),
    ],
    [
      "401 in XML",
      { status: 401, body: fixture("error.401.xml"), headers: xmlHeaders },
      rejection("Invalid login details", "FAILED", "provider_unauthenticated", false),
    ],
    [
      "UNAUTHORIZED under 200",
      json(requestError("UNAUTHORIZED", "Invalid login details")),
      rejection(someText, "FAILED", "provider_unauthenticated", false),
    ],
    [
      "401 in HTML",
      { status: 401, body: "<h1>", headers: { "content-type": "text/html" } },
      rejection(someText, "FAILED", "provider_unauthenticated", false),
    ],
    [
      "403",
      json(requestError("FORBIDDEN", "Blocked"), 403),
      rejection("Blocked", "FAILED", "provider_forbidden", false),
    ],
    ["403 without a word", { status: 403 }, rejection(someText, "FAILED", "provider_forbidden", false)],
    [
      "415 General error",
      json(requestError("GENERAL_ERROR", "General error"), 415),
      rejection("General error", "FAILED", "provider_refused", false),
    ],
    [
      "General error under 200",
      json(requestError("GENERAL_ERROR", "General error")),
      rejection("General error", "FAILED", "provider_refused", false),
    ],
    [
      "an error of nothing under 200",
      json({ requestError: null }),
      rejection(someText, "FAILED", "provider_refused", false),
    ],
    [
      "404 of the platform",
      json(requestError("NOT_FOUND", "Not found"), 404),
      rejection(someText, "FAILED", "provider_misconfigured", false),
    ],
    [
      "404 of a web server",
      { status: 404, body: "<html>", headers: { "content-type": "text/html" } },
      rejection(someText, "FAILED", "provider_misconfigured", false),
    ],
    ["405", { status: 405 }, rejection(someText, "FAILED", "provider_refused", false)],
    [
      "429",
      json(requestError("TOO_MANY_REQUESTS", "Too many requests"), 429),
      { kind: "retryable", reason: "HTTP 429: Too many requests" },
    ],
    [
      "TOO_MANY_REQUESTS under 400",
      json(requestError("TOO_MANY_REQUESTS", "Slow down"), 400),
      { kind: "retryable" },
    ],
    [
      "429 with Retry-After, in HTML",
      { status: 429, body: "<html>", headers: { "retry-after": "30" } },
      { kind: "retryable", retryAfterSeconds: 30 },
    ],
    [
      "a duplicate that is not ours to ask about",
      json(verdict(duplicate)),
      rejection("Message id is not unique", "REJECTED", "duplicate_message_id", true),
    ],
    ["an expired verdict", json(verdict({ groupId: 4 })), rejection(someText, "FAILED", "expired", false)],
    [
      "the action of older versions",
      json(
        verdict({
          groupId: 5,
          id: 12,
          name: "REJECTED_NOT_ENOUGH_CREDITS",
          description: "Not enough credits",
          action: "Top up",
        }),
      ),
      { kind: "retryable", reason: "Not enough credits – Top up", noCredit: true },
    ],
  ])("an answer of Qikli refuses: %s", async (_name, answer, outcome) => {
    const { client, requests } = await connect(() => answer);
    expect(await client.submit(submission)).toMatchObject(outcome);
    expect(requests).toHaveLength(1);
  });
});

testOpenEndings({ connect, openClient, submission }, [
  ...openEndings(fixture("send.200.json")),
  ["the answer as the documentation prints it", { body: fixture("send.200.printed.txt") }],
  ["no rows", json({ messages: [] })],
  ["rows of others", json({ messages: [{ to: "1", messageId: "m", status: accepted }] })],
  ["a row without a status", json({ messages: [{ to: "233205072987", messageId }] })],
  ["a status that says nothing", json(verdict({}))],
  ["a status unheard of", json(verdict({ groupId: 9, groupName: "HELD", id: 900, name: "HELD" }))],
  ["only a name", json(verdict({ name: "MESSAGE_ACCEPTED" }))],
  ["XML truncated", { body: fixture("send.200.xml").slice(0, 200), headers: xmlHeaders }],
  ["XML with a document type", { body: `<!DOCTYPE a>${fixture("send.200.xml")}`, headers: xmlHeaders }],
  ["404 truncated", { status: 404, body: '{"requestErr' }],
  ["500 General error", json(requestError("GENERAL_ERROR", "General error"), 500)],
  ["503 of the platform", json(requestError("SERVICE_UNAVAILABLE", "Down"), 503)],
]);

test("no outcome repeats the credentials", async () => {
  const { password } = credentials;
  const echo = `${authorization} is ${password}`;
  const bodies = [
    requestError(password, echo, { [password]: [echo] }),
    requestError("BAD_REQUEST", echo),
    verdict({ ...duplicate, description: echo }),
  ];
  for (const body of bodies) {
    for (const status of [200, 400, 401, 403, 404, 429, 500]) {
      const { client } = await connect(() => json(body, status));
      const said = [await client.submit(submission), await client.check(), await client.drainReceipts?.()];
      expect(JSON.stringify(said.slice(0, 2))).not.toContain(password);
      expect(JSON.stringify(said.slice(0, 2))).not.toContain(authorization.slice(6));
    }
  }
});

test("numbers are sent and compared as digits", async () => {
  const { client, requests } = await connect(() =>
    json({ messages: [{ to: "421 901-234567", status: accepted }] }),
  );
  expect(await client.submit({ ...submission, to: checked("+421901234567") })).toMatchObject({
    kind: "accepted",
  });
  expect(requests[0]?.body).toContain('"to":"421901234567"');
});
