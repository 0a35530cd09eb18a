import { describe, expect, test } from "vitest";
import { readXml } from "../../src/providers/wire/xml.ts";
import { unusedOrigin } from "./local-server.ts";
import { type Answer, checked, json } from "./serve-answers.ts";
import {
  connect,
  fixture,
  formats,
  inFormat,
  messageId,
  openClient,
  refusal,
  submission,
  success,
  token,
} from "./telekom-fixtures.ts";
import { reconcileOne } from "./reconcile-one.ts";

const message = { messageId, to: submission.to, providerMessageId: "154786" };
const delivered = { message_id: 154786, code: "DELIVERED", deliveryDateTime: "2017-07-01 10:45:00" };

describe("the problem of a question", () => {
  test.each<[string, Answer, string]>([
    ["the address error", { body: fixture("auth.error.json") }, "refused"],
    ["an unknown token", refusal("API_TOKEN_NOT_FOUND"), "unauthenticated"],
    ["the session error, with a token", { body: fixture("check_message.error.json") }, "unauthenticated"],
    ["an unknown code", refusal("NEW"), "refused"],
    ["401", { status: 401 }, "unauthenticated"],
    ["403", { status: 403 }, "refused"],
    ["404 in HTML", { status: 404, body: "<html>" }, "refused"],
    ["404 truncated", { status: 404, body: '{"result":' }, "not_found"],
    ["429 in plain text", { status: 429, body: "Too many requests" }, "busy"],
    ["503", { status: 503 }, "busy"],
    ["500", json({ message: "Server Error" }, 500), "unreachable"],
    ["302", { status: 302, headers: { location: "/login" } }, "refused"],
    ["200 in HTML", { body: "<html>", headers: { "content-type": "text/html" } }, "unreadable"],
    ["200 truncated", { body: '{"result":{' }, "unreadable"],
    ["200 of something else", success(), "unreadable"],
    ["200 that contradicts itself", json({ result: { status: "success", code: "NO" } }), "unreadable"],
    ["a reset", (response) => response.socket?.resetAndDestroy(), "unreachable"],
  ])("the problem of a query to Telekom is named: %s", async (_name, answer, kind) => {
    const { client } = await connect(() => answer);
    const problem = { kind, detail: expect.stringMatching(/\w/) };
    expect(await client.lookUpNumber?.(submission.to)).toMatchObject({ ok: false, problem });
  });

  test("no answer in time, nobody there", async () => {
    const { client } = await connect(() => () => {}, { totalTimeoutMs: 500 });
    expect(await client.check()).toMatchObject({ ok: false, problem: { kind: "unreachable" } });
    const nobody = { ok: false, problem: { kind: "unreachable", detail: "connection refused" } };
    expect(await openClient(await unusedOrigin()).check()).toEqual(nobody);
  });

  test("the problem of a query to Telekom says when to ask again", async () => {
    const { client } = await connect(() => ({ status: 429, headers: { "retry-after": "9" } }));
    expect(await client.check()).toMatchObject({ problem: { kind: "busy", retryAfterSeconds: 9 } });
  });
});

test("nothing is asked of Telekom that it does not have", async () => {
  const { client, requests } = await connect(() => success());
  const refused = { problem: { kind: "refused", detail: expect.stringMatching(/^Telekom SK has no /) } };
  expect(await client.balance()).toMatchObject({ ok: false, ...refused });
  expect(await client.rates({ mccmnc: "231" })).toMatchObject({ ok: false, ...refused });
  const uncertain = { ...submission, attemptedAt: new Date() };
  expect(await reconcileOne(client, uncertain)).toMatchObject({ kind: "unavailable", ...refused });
  expect(requests).toEqual([]);
});

describe.each(formats)("looking up in %s", (format) => {
  test("a message, as documented", async () => {
    const { client, requests } = await connect(() => ({ body: inFormat(format, "check_message.200") }), {
      format,
    });
    expect(await client.lookUp([message])).toEqual({
      ok: true,
      value: [
        {
          providerMessageId: "154786",
          clientRef: messageId,
          status: "DELIVERED",
          providerStatus: "DELIVERED",
          occurredAt: new Date("2017-01-01T09:45:00Z"),
          part: 1,
          parts: 1,
        },
      ],
    });
    const body = requests[0]?.body ?? "";
    const read = (text: string): object =>
      Object(format === "JSON" ? JSON.parse(text) : readXml(text)?.content);
    const { session_id: _, ...printed } = {
      session_id: "",
      ...read(inFormat(format, "check_message.request")),
    };
    const id = format === "JSON" ? 154786 : "154786";
    expect(read(body)).toEqual({ ...printed, message_id: id, token });
    expect(requests[0]?.path).toBe(`/${format.toLowerCase()}/check_message`);
  });

  test("the cadence groups of Telekom are read as documented, which in JSON are none at all", async () => {
    const { client } = await connect(() => ({ body: inFormat(format, "sms-groups.200") }), { format });
    const printed = { id: "1000", name: "success", paused: false, note: "Text" };
    expect(await client.cadenceGroups?.()).toEqual({ ok: true, value: format === "XML" ? [printed] : [] });
  });

  test("a number, as documented", async () => {
    const { client, requests } = await connect(() => ({ body: inFormat(format, "check_phone_number.200") }), {
      format,
    });
    const reading = { valid: format === "JSON", network: "Telekom" };
    expect(await client.lookUpNumber?.(checked("+421900000001"))).toEqual({ ok: true, value: reading });
    const printed = inFormat(format, "check_phone_number.request").replace(/\*{64}/, token);
    const read = (text = ""): unknown => (format === "JSON" ? JSON.parse(text) : compact(text));
    expect(read(requests[0]?.body)).toEqual(read(printed));
  });
});

describe("a look-up", () => {
  test("a look-up at Telekom reads the printed answer with its comment, and one behind a byte order mark", async () => {
    for (const body of [
      fixture("check_message.200.printed.txt"),
      `\uFEFF${fixture("check_message.200.json")}`,
    ]) {
      const { client } = await connect(() => ({ body }));
      expect(await client.lookUp([message])).toMatchObject({ value: [{ status: "DELIVERED" }] });
    }
  });

  test("a look-up at Telekom goes by the code, whatever the language of the label", async () => {
    const { client } = await connect(() => success({ ...delivered, status: "Doručená" }));
    expect(await client.lookUp([message])).toMatchObject({
      value: [{ status: "DELIVERED", occurredAt: new Date("2017-07-01T08:45:00Z") }],
    });
  });

  test("a look-up at Telekom has no time for what is not delivered", async () => {
    const { client } = await connect(() => success({ ...delivered, code: "DENIED", deliveryDateTime: "" }));
    expect(await client.lookUp([message])).toMatchObject({
      value: [{ status: "REJECTED", occurredAt: undefined, failure: { code: "rejected_by_carrier" } }],
    });
  });

  test.each([
    ["154786", 154786],
    ["900719925474099312345", "900719925474099312345"],
    ["abc-1", "abc-1"],
    ["007", "007"],
  ])("a look-up at Telekom of %j asks for %j", async (providerMessageId, message_id) => {
    const { client, requests } = await connect(() => refusal("MESSAGE_NOT_FOUND"));
    expect(await client.lookUp([{ ...message, providerMessageId }])).toEqual({ ok: true, value: [] });
    expect(JSON.parse(requests[0]?.body ?? "")).toMatchObject({ message_id });
  });

  test("a look-up at Telekom leaves out what is not known, not asked for, or another's", async () => {
    const answers = [
      refusal("MESSAGE_ID_REQUIRED"),
      success({ ...delivered, message_id: 1 }),
      success(delivered),
    ];
    const { client, requests } = await connect(() => answers.shift() ?? {});
    const nameless = { messageId, to: submission.to };
    const found = [];
    for (const one of [message, nameless, message, message]) found.push(await client.lookUp([one]));
    expect(found).toMatchObject([
      { value: [] },
      { value: [] },
      { value: [] },
      { value: [{ status: "DELIVERED" }] },
    ]);
    expect(requests).toHaveLength(3);
  });

  test("a look-up at Telekom without a code is unreadable", async () => {
    const { client } = await connect(() => success({ message_id: 154786, status: "Delivered" }));
    expect(await client.lookUp([message])).toMatchObject({ problem: { kind: "unreadable" } });
  });
});

describe("cadence groups", () => {
  test("the cadence groups of Telekom come page by page", async () => {
    const all = groupsFrom(1000, 250);
    const { client, requests } = await connect(({ body }) => {
      const { limit, startFrom = 0 } = JSON.parse(body);
      return success({ groups: all.slice(startFrom, startFrom + limit) });
    });
    expect(await client.cadenceGroups?.()).toHaveProperty("value.length", 250);
    expect(requests.map(({ body }) => JSON.parse(body))).toEqual([
      { token, limit: 100 },
      { token, limit: 100, startFrom: 100 },
      { token, limit: 100, startFrom: 200 },
    ]);
  });

  test.each<[string, Answer]>([
    ["a page that says no more", success()],
    ["a page that repeats", success({ groups: groupsFrom(1, 100) })],
  ])("the cadence groups of Telekom end with %s", async (_name, second) => {
    const pages = [success({ groups: groupsFrom(1, 100) }), second];
    const { client, requests } = await connect(() => pages.shift() ?? {});
    expect(await client.cadenceGroups?.()).toHaveProperty("value.length", 100);
    expect(requests).toHaveLength(2);
  });

  test("the cadence groups of Telekom end although the list does not", async () => {
    let start = 0;
    const { client, requests } = await connect(() => success({ groups: groupsFrom((start += 100), 100) }));
    expect(await client.cadenceGroups?.()).toHaveProperty("value.length", 5_000);
    expect(requests).toHaveLength(50);
  });

  test("the cadence groups of Telekom are not known when a later page fails", async () => {
    const pages = [success({ groups: groupsFrom(1, 100) }), { status: 500 }];
    const { client } = await connect(() => pages.shift() ?? {});
    expect(await client.cadenceGroups?.()).toMatchObject({ ok: false, problem: { kind: "unreachable" } });
  });

  test.each<[string, object]>([
    ["groups", { groups: [{ id: 1, name: "A", isPaused: true, note: "" }, 1, { name: "no id" }] }],
    ["numbers", { numbers: { number: { id: "1", name: "A", isPaused: "1" } } }],
    ["number", { number: [{ id: 1, name: "A", isPaused: "true" }] }],
  ])("the cadence groups of Telekom are found under %s", async (_name, content) => {
    const { client } = await connect(() => success(content));
    expect(await client.cadenceGroups?.()).toEqual({
      ok: true,
      value: [{ id: "1", name: "A", paused: true }],
    });
  });

  test("the cadence groups of Telekom are not known where something else is in the place of a list", async () => {
    for (const content of [{ groups: "text" }, { cadences: [{ id: 1 }] }]) {
      const { client } = await connect(() => success(content));
      expect(await client.cadenceGroups?.()).toMatchObject({ ok: false, problem: { kind: "unreadable" } });
    }
  });

  test("the cadence groups of Telekom may be none", async () => {
    for (const answer of [
      success({ groups: [] }),
      { body: '<response><result><code>OK</code></result><groups count="0"/></response>' },
      { body: "<response><result><code>OK</code></result><groups></groups></response>" },
    ]) {
      const { client } = await connect(() => answer);
      expect(await client.cadenceGroups?.()).toEqual({ ok: true, value: [] });
    }
  });
});

describe("a number", () => {
  test.each([
    ["+421900000001", "0900000001"],
    ["+420601234567", "420601234567"],
  ])("a number is spelled for Telekom: %s as %s", async (number, phone_number) => {
    const { client, requests } = await connect(() => success({ exists: "0" }));
    expect(await client.lookUpNumber?.(checked(number))).toEqual({ ok: true, value: { valid: false } });
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual({ phone_number, token });
  });
});

/** What two printings of the same XML have in common. */
function compact(text: string): string {
  return text.replace(/\s+/g, "").replace(/<\?[^>]*>/, "");
}

function groupsFrom(start: number, count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({ id: start + index, name: `Group ${start + index}` }));
}
