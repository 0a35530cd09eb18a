import { describe, expect, test } from "vitest";
import type { Submission } from "../../src/providers/provider.ts";
import { readXml } from "../../src/providers/wire/xml.ts";
import { type Subject, testOpenEndings } from "./adapter-tests.ts";
import { type Answer, checked, json, openEndings, rejection } from "./serve-answers.ts";
import {
  connect,
  fixture,
  formats,
  inFormat,
  openClient,
  refusal,
  submission,
  success,
  token,
} from "./telekom-fixtures.ts";

const accepted = { kind: "accepted", providerMessageId: "100427" };
const html = { "content-type": "text/html" };
const entries = (...messages: object[]) => success({ message_count: messages.length, messages });
const rejected = (status: string, code: string, permanent: boolean) =>
  rejection(expect.stringMatching(/\w/), status, code, permanent);

/** The fields of the one request that a submission makes. */
async function written(changes: Partial<Submission>, format: "JSON" | "XML" = "JSON"): Promise<unknown> {
  const { client, requests } = await connect(() => ({ body: inFormat(format, "send_message.200") }), {
    format,
  });
  await client.submit({ ...submission, ...changes });
  const body = requests[0]?.body ?? "";
  return format === "JSON" ? JSON.parse(body) : readXml(body)?.content;
}

describe("the request", () => {
  test("a request to Telekom SK is the documented one, with a token, a sender and callbacks", async () => {
    const { session_id: _, ...printed } = JSON.parse(fixture("send_message.request.json"));
    const own = { token, to: "421901234567", from: "MyBrand", callback: true };
    expect(await written({})).toEqual({ ...printed, ...own });
  });

  test.each([
    ["+421901234567", true, "+421901234567"],
    ["+421901234567", false, "421901234567"],
    // Only of Slovak mobile numbers is it documented what a plus sign does.
    ["+421212345678", true, "421212345678"],
    ["+420601234567", true, "420601234567"],
  ])("a request to Telekom for %s is RCS when asked for (%s): %s", async (number, preferRcs, to) => {
    const { client, requests } = await connect(() => ({ body: fixture("send_message.200.json") }), {
      preferRcs,
    });
    await client.submit({ ...submission, to: checked(number) });
    expect(JSON.parse(requests[0]?.body ?? "")).toMatchObject({ to });
  });

  test("a request to Telekom SK is the documented one in XML, with digits for booleans", async () => {
    const { root, content } = readXml(fixture("send_message.request.xml")) ?? {};
    expect(root).toBe("request");
    const { session_id: _, ...printed } = Object(content);
    const own = { token, to: "421901234567", from: "MyBrand", callback: "1", unicode: "0" };
    expect(await written({}, "XML")).toEqual({ ...printed, ...own });
  });

  test.each([
    ["JSON", "/json/send_message", "application/json", "application/json"],
    ["XML", "/xml/send_message", "application/xml; charset=UTF-8", "application/xml"],
  ] as const)("a request to Telekom in %s goes to its own base URL", async (format, path, type, accept) => {
    const { client, requests } = await connect(() => ({ body: inFormat(format, "send_message.200") }), {
      format,
    });
    expect(await client.submit(submission)).toEqual(accepted);
    expect(requests).toMatchObject([
      { method: "POST", path, query: {}, headers: { "content-type": type, accept } },
    ]);
    expect(requests[0]?.headers).not.toHaveProperty("cookie");
  });

  test.each([
    ["/json", "/json/send_message"],
    ["/xml/", "/json/send_message"],
    ["/proxy/telekom/", "/proxy/telekom/json/send_message"],
  ])("a request to Telekom with %s in the base URL goes to %s", async (path, expected) => {
    const { client, requests } = await connect(() => success(), { path });
    await client.submit(submission);
    expect(requests.map((seen) => seen.path)).toEqual([expected]);
  });

  test("a request to Telekom SK has every parameter there is", async () => {
    const changes = {
      flash: true,
      priority: "HIGH",
      validityMinutes: 60,
      cadenceGroupId: "1000",
      encoding: "UCS2",
      callbackUrl: undefined,
    } as const;
    const common = { token, to: "421901234567", from: "MyBrand", text: submission.text, type: "flash" };
    expect(await written(changes)).toEqual({
      ...common,
      callback: false,
      priority: 3,
      validity: 60,
      unicode: true,
      groupId: 1000,
    });
    expect(await written(changes, "XML")).toEqual({
      ...common,
      callback: "0",
      priority: "3",
      validity: "60",
      unicode: "1",
      groupId: "1000",
    });
  });

  test.each<[Partial<Submission>, object]>([
    [{ priority: "LOW" }, { priority: 1 }],
    [{ validityMinutes: 0.2 }, { validity: 1 }],
    [{ validityMinutes: 5000 }, { validity: 1440 }],
    [{ text: "€ 5 {ok}" }, { unicode: false }],
    [{ text: "a".repeat(2000) }, { text: "a".repeat(2000) }],
  ])("a request to Telekom for %o has %o", async (changes, fields) =>
    expect(await written(changes)).toMatchObject(fields),
  );

  // `false` strips diacritics, and GSM-7 has letters with some.
  test("a request to Telekom SK leaves the encoding of accented letters to the provider", async () => {
    expect(await written({ text: "déjà vu" })).not.toHaveProperty("unicode");
  });

  test("a request to Telekom SK carries any text unharmed in XML", async () => {
    const text = "a < b && \"c\" > 'd' ]]> &amp; <!-- \u{1f600}\nline";
    expect(await written({ text }, "XML")).toMatchObject({ text });
    expect(await written({ text: "no\u0000 control\u0007" }, "XML")).toMatchObject({ text: "no control" });
  });

  test("a request to Telekom SK is not made for a cadence group that cannot be one", async () => {
    const { client, requests } = await connect(() => success());
    const outcome = await client.submit({ ...submission, cadenceGroupId: "morning" });
    expect(outcome).toMatchObject(rejected("REJECTED", "invalid_request", true));
    expect(requests).toEqual([]);
  });
});

describe("an answer that decides", () => {
  const entry = { status: "success", code: "OK", description: "", message_id: 7, parts: 1 };
  const refused = {
    status: "error",
    code: "INCORRECT_RECIPIENT_ADDRESS",
    description: "Chybný príjemca: 123",
  };

  test.each<[string, Answer, object]>([
    ["as documented", { body: fixture("send_message.200.json") }, accepted],
    ["as documented in XML", { body: fixture("send_message.200.xml") }, accepted],
    [
      "the documented partial failure, which is none",
      { body: fixture("send_message.partial.json") },
      accepted,
    ],
    ["the same in XML, miscounted", { body: fixture("send_message.partial.xml") }, accepted],
    [
      "the id as text",
      entries({ ...entry, message_id: " 007 " }),
      { kind: "accepted", providerMessageId: "7" },
    ],
    [
      "an id that no float holds",
      { body: '{"result":{"code":"OK"},"messages":[{"message_id":90071992547409931}]}' },
      { kind: "accepted", providerMessageId: "90071992547409931" },
    ],
    [
      "one message in place of a list",
      success({ messages: entry }),
      { kind: "accepted", providerMessageId: "7" },
    ],
    ["success at any HTTP status", { ...Object(entries(entry)), status: 500 }, { kind: "accepted" }],
    ["a refusal beside a success", entries(refused, entry), { kind: "accepted", providerMessageId: "7" }],
    ["a refusal of the one message", entries(refused), rejected("REJECTED", "invalid_number", true)],
    [
      "a refusal of the one message in XML",
      {
        body: `<response><result><status>success</status><description/><code>OK</code></result>
          <messages count="1"><message><status>error</status><code>MESSAGE_TOO_LONG</code></message></messages></response>`,
      },
      rejected("REJECTED", "message_too_long", true),
    ],
    [
      "an unknown code for the message",
      entries({ ...refused, code: "NEW" }),
      rejected("REJECTED", "rejected_by_provider", true),
    ],
    ["an unknown code", refusal("NEW_CODE"), rejected("REJECTED", "rejected_by_provider", true)],
    [
      "an unknown code at 422",
      refusal("NEW_CODE", "", 422),
      rejected("REJECTED", "rejected_by_provider", true),
    ],
    [
      "an error without a code",
      json({ result: { status: "error" } }),
      rejected("REJECTED", "rejected_by_provider", true),
    ],
    ["a known code at 500", refusal("TEXT_REQUIRED", "", 500), rejected("REJECTED", "invalid_text", true)],
    [
      "the session error, with a token",
      { body: fixture("send_message.error.json") },
      rejected("FAILED", "provider_unauthenticated", false),
    ],
    [
      "the address error",
      { body: fixture("auth.error.xml") },
      rejected("FAILED", "provider_forbidden", false),
    ],
    ["401 in HTML", { status: 401, headers: html }, rejected("FAILED", "provider_unauthenticated", false)],
    ["403 in HTML", { status: 403, headers: html }, rejected("FAILED", "provider_forbidden", false)],
    ["400 without a word", { status: 400 }, rejected("FAILED", "provider_refused", false)],
    ["413 in HTML", { status: 413, headers: html }, rejected("FAILED", "provider_refused", false)],
    [
      "404 in HTML",
      { status: 404, body: "<html>", headers: html },
      rejected("FAILED", "provider_misconfigured", false),
    ],
    ["404 without a word", { status: 404 }, rejected("FAILED", "provider_misconfigured", false)],
    [
      "429 in plain text",
      { status: 429, body: "Too many requests, please try again later.", headers: { "retry-after": "30" } },
      { kind: "retryable", reason: "HTTP 429 Too Many Requests", retryAfterSeconds: 30 },
    ],
    ["429 with an unknown code", refusal("SLOW_DOWN", "", 429), { kind: "retryable" }],
    [
      "the wrong time of day",
      refusal("SENDING_DENIED_BY_DATETIME"),
      { kind: "retryable", retryAfterSeconds: 900 },
    ],
  ])("an answer of Telekom decides: %s", async (_name, answer, outcome) => {
    const { client, requests } = await connect(() => answer);
    expect(await client.submit(submission)).toMatchObject(outcome);
    expect(requests).toHaveLength(1);
  });

  test.each([
    ["NO_RECIPIENTS", "REJECTED", "invalid_number"],
    ["RECIPIENT_REQUIRED", "REJECTED", "invalid_number"],
    ["INCORRECT_RECIPIENT_ADDRESS", "REJECTED", "invalid_number"],
    ["TEXT_REQUIRED", "REJECTED", "invalid_text"],
    ["MESSAGE_TOO_LONG", "REJECTED", "message_too_long"],
    ["PRIMARY_NUMBER_TEXT_NUMBERS_DISABLED", "REJECTED", "invalid_sender"],
    ["VIRTUAL_NUMBER_TEXT_NUMBERS_DISABLED", "REJECTED", "invalid_sender"],
    ["TEXT_NUMBER_MUST_BE_ALPHANUMERIC", "REJECTED", "invalid_sender"],
    ["TEXT_NUMBER_NOT_ALLOWED", "REJECTED", "invalid_sender"],
    ["TEXT_NUMBER_LENGTH_EXCEED", "REJECTED", "invalid_sender"],
    ["INVALID_DELIVERY_TIME", "REJECTED", "invalid_request"],
    ["INVALID_CONCAT_VALUE", "REJECTED", "invalid_request"],
    ["INVALID_PRIORITY_VALUE", "REJECTED", "invalid_request"],
    ["INVALID_VALIDITY_VALUE", "REJECTED", "invalid_request"],
    ["INVALID_TYPE_VALUE", "REJECTED", "invalid_request"],
    ["API_TOKEN_NOT_FOUND", "FAILED", "provider_unauthenticated"],
    ["AUTHENTICATION_REQUIRED", "FAILED", "provider_unauthenticated"],
    ["IP_NOT_ALLOWED", "FAILED", "provider_forbidden"],
    ["API_INTERFACE_DISABLED", "FAILED", "provider_forbidden"],
    ["GET_REQUEST_FORBIDDEN", "FAILED", "provider_misconfigured"],
    ["constructor", "REJECTED", "rejected_by_provider"],
  ])("an answer of Telekom decides: %s is %s for %s", async (code, status, failure) => {
    const { client } = await connect(() => refusal(code, "Popis"));
    const text = `Popis (${code.toUpperCase()})`;
    expect(await client.submit(submission)).toEqual(rejection(text, status, failure, status === "REJECTED"));
  });
});

describe.each(formats)("in %s", (format) => {
  const body = inFormat(format, "send_message.200");
  const contradicting = { result: { status: "success", code: "NO" } };
  const subject: Subject = {
    connect: (answerTo, connection) => connect(answerTo, { ...connection, format }),
    openClient: (origin) => openClient(origin, { format }),
    submission,
  };
  testOpenEndings(subject, [
    ...openEndings(body),
    ["no messages", success()],
    ["an empty list", success({ message_count: 0, messages: [] })],
    [
      "an empty element",
      { body: '<response><result><code>OK</code></result><messages count="0"/></response>' },
    ],
    ["a message without an id", success({ messages: [{ status: "success", code: "OK" }] })],
    ["messages that are none", success({ messages: [1, null, "x"] })],
    [
      "a message that contradicts itself",
      success({ messages: [{ status: "error", code: "OK", message_id: 7 }] }),
    ],
    [
      "an error beside an id",
      json({ result: { status: "error", code: "NEW" }, messages: [{ message_id: 7 }] }),
    ],
    ["a result that contradicts itself", json(contradicting)],
    ["a result that says nothing", json({ result: {} })],
    ["an unknown code at 500", refusal("INTERNAL", "", 500)],
    ["an unknown code at 408", refusal("INTERNAL", "", 408)],
    ["404 truncated", { status: 404, body: body.slice(0, 50) }],
    [
      "a document type",
      { body: `<!DOCTYPE a [<!ENTITY b "c">]>${fixture("send_message.200.xml").slice(39)}` },
    ],
  ]);
});

test("no outcome repeats the token", async () => {
  const description = `Token ${token} is unknown`;
  const entry = { status: "error", code: token, description };
  for (const status of [200, 302, 400, 401, 403, 404, 429, 500]) {
    for (const answer of [
      refusal("X", description, status),
      { ...Object(success({ messages: [entry] })), status },
    ]) {
      const { client } = await connect(() => answer);
      expect(JSON.stringify(await client.submit(submission))).not.toContain(token);
      expect(JSON.stringify(await client.check())).not.toContain(token);
    }
  }
});
