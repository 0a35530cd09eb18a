import { describe, expect, it } from "vitest";
import { createManualClock } from "./manual-clock.ts";
import { startReceiver } from "./setup.ts";
import { call, ok, startSandbox, toScenario, type Fields } from "./telekom-setup.ts";
import { at, textAt } from "./tikosms-client.ts";

const error = (code: string) => ({
  result: { status: "error", description: expect.stringMatching(/\w/), code },
});
const minute = 60_000;

describe("the functions in JSON", () => {
  it("the Telekom sandbox opens a session, keeps it alive and uses it", async () => {
    const sandbox = await startSandbox();
    const opened = await call(sandbox, "auth");
    expect(opened).toMatchObject({
      status: 200,
      body: { result: ok, session_id: expect.stringMatching(/^[\da-f-]{36}$/) },
    });
    expect(opened.headers).toHaveProperty("set-cookie");
    const session_id = textAt(opened.body, "session_id");
    expect(await call(sandbox, "ping", { session_id })).toMatchObject({ status: 200, body: { result: ok } });
    expect(await call(sandbox, "sms-groups", { session_id })).toMatchObject({ body: { result: ok } });
  });

  it("the Telekom SK sandbox takes a message and shows it", async () => {
    const sandbox = await startSandbox({ clock: createManualClock("2017-01-01T09:45:00Z") });
    const sent = await call(sandbox, "send_message", toScenario("000"));
    const message_id = Number(at(sent.body, "messages", 0, "message_id"));
    expect(sent.body).toEqual({
      result: ok,
      message_count: 1,
      messages: [
        { status: "success", code: "OK", description: "", message_id: expect.any(Number), parts: 1 },
      ],
    });
    expect((await call(sandbox, "check_message", { message_id })).body).toEqual({
      result: ok,
      message_id: String(message_id),
      status: "Delivered",
      code: "DELIVERED",
      deliveryDateTime: "2017-01-01 10:45:00",
    });
  });

  it("the Telekom SK sandbox lists groups, page by page", async () => {
    const sandbox = await startSandbox();
    const all = await call(sandbox, "sms-groups");
    expect(all.body).toMatchObject({
      result: ok,
      count: 7,
      groups: expect.arrayContaining([{ id: 1000, name: "Morning", isPaused: false, note: "Text" }]),
    });
    const page = await call(sandbox, "sms-groups", { limit: 5, startFrom: 5 });
    expect(at(page.body, "groups")).toMatchObject([{ id: 1005 }, { id: 1006, isPaused: true }]);
    expect((await call(sandbox, "sms-groups", { startFrom: 7 })).body).toEqual({
      result: ok,
      count: 0,
      groups: [],
    });
  });

  it.each([
    ["0900000001", true, "Telekom"],
    ["421905123456", true, "Orange"],
    ["+421949123456", true, "O2"],
    ["0900000014", false, "Telekom"],
    ["123", false, ""],
  ])("the Telekom sandbox checks the number %s", async (phone_number, exists, operator) => {
    const { body } = await call(await startSandbox(), "check_phone_number", { phone_number });
    expect(body).toEqual({ result: ok, exists, operator });
  });
});

describe("the functions in XML", () => {
  it("the Telekom SK functions in XML are the same, in the shapes of the documentation", async () => {
    const sandbox = await startSandbox({ clock: createManualClock("2017-01-01T09:45:00Z") });
    const ask = (name: string, fields: Fields = {}) => call(sandbox, name, fields, { format: "xml" });
    const opened = await ask("auth");
    expect(opened.headers).toMatchObject({ "content-type": "application/xml; charset=UTF-8" });
    const session_id = textAt(opened.body, "session_id");
    expect(at((await ask("ping", { session_id })).body, "result")).toEqual(expect.objectContaining(ok));
    const sent = await ask("send_message", { ...toScenario("000"), session_id });
    const id = textAt(sent.body, "messages", "message", "@id");
    expect(at(sent.body, "messages")).toMatchObject({
      "@count": "1",
      message: { status: "success", code: "OK", description: "" },
    });
    const checked = await ask("check_message", { message_id: id });
    expect(at(checked.body, "message")).toMatchObject({
      status: "Delivered",
      code: "DELIVERED",
      deliveryDateTime: "2017-01-01 10:45:00",
    });
    const groups = await ask("sms-groups", { limit: 1 });
    expect(at(groups.body, "groups")).toMatchObject({
      "@count": "1",
      number: { id: "1000", name: "Morning", isPaused: "false", note: "Text" },
    });
    const number = await ask("check_phone_number", { phone_number: "0900000014" });
    expect(at(number.body, "phone_number")).toMatchObject({ exists: "false", operator: "Telekom" });
  });

  it("the Telekom sandbox refuses in XML what was asked in XML", async () => {
    const sandbox = await startSandbox();
    const reply = await call(sandbox, "ping", { session_id: "none" }, { format: "xml" });
    expect(at(reply.body, "result")).toMatchObject({
      status: "error",
      description: "Session was not found or has expired",
      code: "SESSION_NOT_FOUND",
    });
    const refused = await call(sandbox, "send_message", { ...toScenario("014") }, { format: "xml" });
    expect(at(refused.body, "messages", "message")).toMatchObject({ code: "INCORRECT_RECIPIENT_ADDRESS" });
    expect(at(refused.body, "messages", "message", "@id")).toBeUndefined();
  });
});

describe("sessions", () => {
  it("sessions of the Telekom sandbox live through 15 minutes of inactivity, counted from their last use", async () => {
    const clock = createManualClock("2026-01-31T08:00:00Z");
    const sandbox = await startSandbox({ clock });
    const session_id = textAt((await call(sandbox, "auth")).body, "session_id");
    for (const name of ["ping", "sms-groups"]) {
      clock.advance(15 * minute);
      expect(await call(sandbox, name, { session_id })).toMatchObject({ body: { result: ok } });
    }
    clock.advance(15 * minute + 1);
    const lost = { description: "Session was not found or has expired", code: "SESSION_NOT_FOUND" };
    expect(await call(sandbox, "ping", { session_id })).toMatchObject({
      status: 200,
      body: { result: lost },
    });
    const inSlovak = { description: "Relácia nebola nájdená alebo expirovala" };
    const sent = await call(sandbox, "send_message", { ...toScenario("000"), session_id });
    expect(sent).toMatchObject({ status: 200, body: { result: { ...lost, ...inSlovak } } });
  });
});

describe("what a client must send", () => {
  it.each<[string, string, Fields]>([
    ["API_TOKEN_NOT_FOUND", "auth", { token: "wrong" }],
    ["API_TOKEN_NOT_FOUND", "send_message", { ...toScenario("000"), token: "wrong" }],
    ["SESSION_NOT_FOUND", "check_message", { session_id: "wrong", message_id: 1 }],
    ["AUTHENTICATION_REQUIRED", "sms-groups", { token: "both", session_id: "both" }],
    ["AUTHENTICATION_REQUIRED", "ping", { token: "wrong function" }],
    ["AUTHENTICATION_REQUIRED", "auth", { session_id: "wrong function" }],
    ["MESSAGE_ID_REQUIRED", "check_message", {}],
    ["MESSAGE_NOT_FOUND", "check_message", { message_id: 1 }],
    ["RECIPIENT_REQUIRED", "send_message", { text: "Hi" }],
    ["RECIPIENT_REQUIRED", "send_message", { to: "", text: "Hi" }],
    ["TEXT_REQUIRED", "send_message", { to: "421901000000" }],
    ["TEXT_REQUIRED", "send_message", { to: "421901000000", text: "" }],
    ["MESSAGE_TOO_LONG", "send_message", { to: "421901000000", text: "x".repeat(255 * 153 + 1) }],
    [
      "NO_RECIPIENTS",
      "send_message",
      { to: Array.from({ length: 101 }, () => "421901000000").join(","), text: "Hi" },
    ],
    ["TEXT_NUMBER_LENGTH_EXCEED", "send_message", { ...toScenario("000"), from: "TwelveLetter" }],
    ["TEXT_NUMBER_MUST_BE_ALPHANUMERIC", "send_message", { ...toScenario("000"), from: "Žltý" }],
    ["INVALID_DELIVERY_TIME", "send_message", { ...toScenario("000"), delivery_time: "tomorrow" }],
    ["INVALID_DELIVERY_TIME", "send_message", { ...toScenario("000"), delivery_time: "2026-02-31 08:00:00" }],
    ["INVALID_PRIORITY_VALUE", "send_message", { ...toScenario("000"), priority: 0 }],
    ["INVALID_PRIORITY_VALUE", "send_message", { ...toScenario("000"), priority: "high" }],
    ["INVALID_VALIDITY_VALUE", "send_message", { ...toScenario("000"), validity: 1441 }],
    ["INVALID_TYPE_VALUE", "send_message", { ...toScenario("000"), type: "push" }],
    ["GROUP_NOT_FOUND", "send_message", { ...toScenario("000"), groupId: 1 }],
  ])("the Telekom sandbox answers %s from %s for %o", async (code, name, fields) => {
    const reply = await call(await startSandbox(), name, fields);
    expect(reply).toMatchObject({ status: 200, body: error(code) });
  });

  it("the Telekom sandbox requires credentials", async () => {
    const reply = await call(await startSandbox(), "sms-groups", {}, { body: "{}" });
    expect(reply.body).toEqual(error("AUTHENTICATION_REQUIRED"));
  });

  it.each(["{", "[]", "null", "to=1", "<request/>"])(
    "the Telekom sandbox takes JSON under /json, not %s",
    async (body) => {
      const reply = await call(await startSandbox(), "send_message", {}, { body });
      expect(reply).toMatchObject({ status: 400, body: error("INVALID_REQUEST") });
    },
  );

  it.each([
    "{}",
    "<request>",
    "<other><to>1</to></other>",
    '<!DOCTYPE r [<!ENTITY e "x">]><request><to>&e;</to></request>',
  ])("the Telekom sandbox takes XML under /xml, not %s", async (body) => {
    const reply = await call(await startSandbox(), "send_message", {}, { body, format: "xml" });
    expect(reply).toMatchObject({ status: 400, body: { result: { code: "INVALID_REQUEST" } } });
  });

  it("a POST, to a function there is, from an address that is allowed", async () => {
    const sandbox = await startSandbox();
    for (const method of ["GET", "PUT"] as const) {
      expect((await call(sandbox, "auth", {}, { method })).body).toEqual(error("GET_REQUEST_FORBIDDEN"));
    }
    for (const name of ["balance", "constructor", "auth/"]) {
      expect(await call(sandbox, name)).toMatchObject({
        status: 404,
        body: expect.stringContaining("<html>"),
      });
    }
    const refusing = await startSandbox({ refusedAddress: "1.2.3.4" });
    expect((await call(refusing, "auth")).body).toEqual({
      result: {
        status: "error",
        description: "Access from IP address 1.2.3.4 is not allowed",
        code: "IP_NOT_ALLOWED",
      },
    });
  });
});

describe("the parameters of a message", () => {
  it.each([
    ["421901000000", "sms"],
    ["+421901000000", "rcs"],
    ["0901000000", "rcs"],
    ["420601234567", "sms"],
  ])("the Telekom sandbox sends a message to %s as %s", async (to, channel) => {
    const callbacks = await startReceiver();
    const sandbox = await startSandbox({ callbackUrl: callbacks.url });
    await call(sandbox, "send_message", { to, text: "Hi" });
    const [first] = await callbacks.take(1);
    expect(JSON.parse(first?.text ?? "")).toMatchObject({ channel });
  });

  it.each(["12", "+420601234567", "42190100000x", "421301000000", ""])(
    "the Telekom sandbox takes %s for no recipient",
    async (second) => {
      const { body } = await call(await startSandbox(), "send_message", {
        to: `421901000000,${second}`,
        text: "Hi",
      });
      expect(at(body, "messages")).toMatchObject([
        { status: "success" },
        { status: "error", code: "INCORRECT_RECIPIENT_ADDRESS", description: `Chybný príjemca: ${second}` },
      ]);
      expect(at(body, "messages", 1)).not.toHaveProperty("message_id");
    },
  );

  it.each<[string, Fields, number]>([
    ["detected as Unicode", { text: "ž".repeat(80) }, 2],
    ["stripped of diacritics", { text: "ž".repeat(80), unicode: false }, 1],
    ["Unicode by request", { text: "z".repeat(80), unicode: true }, 2],
    ["Unicode by the text false", { text: "z".repeat(80), unicode: "false" }, 2],
    ["not Unicode by the text 0", { text: "z".repeat(80), unicode: "0" }, 1],
  ])("a text is %s", async (_name, fields, parts) => {
    const { body } = await call(await startSandbox(), "send_message", { to: "421901000000", ...fields });
    expect(at(body, "messages", 0, "parts")).toBe(parts);
  });

  it("the text false is false in XML", async () => {
    const callbacks = await startReceiver();
    const sandbox = await startSandbox({ callbackUrl: callbacks.url });
    await call(sandbox, "send_message", { ...toScenario("000"), callback: "false" }, { format: "xml" });
    await call(sandbox, "send_message", { ...toScenario("001"), callback: "false" });
    expect((await callbacks.take(2))[1]?.text).toContain("UNDELIVERABLE");
  });

  it("a delivery time is one in the zone of the account", async () => {
    const clock = createManualClock("2026-01-31T06:00:00Z");
    const sandbox = await startSandbox({ clock });
    const fields = { ...toScenario("000"), delivery_time: "2026-01-31 08:00:00" };
    const { body } = await call(sandbox, "send_message", fields);
    const message_id = Number(at(body, "messages", 0, "message_id"));
    expect((await call(sandbox, "check_message", { message_id })).body).toMatchObject({
      status: "Scheduled",
      code: "SCHEDULED",
      deliveryDateTime: "",
    });
    expect(await clock.pending(1)).toEqual([60 * minute]);
  });

  it("a paused group keeps a message until its validity ends", async () => {
    const clock = createManualClock("2026-01-31T06:00:00Z");
    const callbacks = await startReceiver();
    const sandbox = await startSandbox({ clock, callbackUrl: callbacks.url });
    const { body } = await call(sandbox, "send_message", {
      ...toScenario("000"),
      groupId: 1006,
      validity: 5,
    });
    const message_id = Number(at(body, "messages", 0, "message_id"));
    expect((await call(sandbox, "check_message", { message_id })).body).toMatchObject({ code: "IN_GROUP" });
    expect(await clock.pending(1)).toEqual([5 * minute]);
    clock.advance(5 * minute);
    expect((await callbacks.take(1))[0]?.text).toContain("EXPIRED");
  });
});

describe("callbacks", () => {
  it("callbacks of the Telekom sandbox look as documented, and go where the API key says", async () => {
    const [first, second] = [await startReceiver(), await startReceiver()];
    const clock = createManualClock("2025-10-02T08:31:39.825Z");
    const sandbox = await startSandbox({ clock, callbackUrl: first.url });
    const { body } = await call(sandbox, "send_message", toScenario("000"));
    const [, delivered] = await first.take(2);
    expect(delivered).toMatchObject({ method: "POST", headers: { "content-type": "application/json" } });
    expect(JSON.parse(delivered?.text ?? "")).toEqual({
      delivery: { status: "DELIVERED" },
      messageId: at(body, "messages", 0, "message_id"),
      channel: "sms",
      messageParts: 1,
      type: "dsn",
      timestamp: "2025-10-02T08:31:39.825Z",
    });
    sandbox.setCallbackUrl(second.url);
    await call(sandbox, "send_message", toScenario("001"));
    expect(await second.take(2)).toHaveLength(2);
    expect(first.received).toHaveLength(2);
  });

  it("callbacks of the Telekom sandbox come a moment after acceptance", async () => {
    const clock = createManualClock("2025-10-02T08:31:39Z");
    const sandbox = await startSandbox({ clock, delays: {} });
    await call(sandbox, "send_message", toScenario("000"));
    const [sentInMs = 0] = await clock.pending(1);
    expect(sentInMs).toBeGreaterThanOrEqual(120);
    expect(sentInMs).toBeLessThanOrEqual(180);
  });
});

describe("the sandbox as a tool", () => {
  it("the Telekom sandbox repeats itself with the same seed, and not without", async () => {
    const drawn: unknown[] = [];
    for (const options of [{ seed: "one" }, { seed: "one" }, { seed: "two" }, {}, {}]) {
      const sandbox = await startSandbox(options);
      const { body } = await call(sandbox, "send_message", toScenario("000"));
      expect(sandbox.token).toMatch(/^[\da-f]{64}$/);
      drawn.push(`${sandbox.token} ${String(at(body, "messages", 0, "message_id"))}`);
    }
    expect(drawn[0]).toBe(drawn[1]);
    expect(new Set(drawn)).toHaveLength(4);
  });

  it("the Telekom sandbox forgets the oldest messages past its limit, and counts ids up", async () => {
    const sandbox = await startSandbox({ maxMessages: 2 });
    const ids: number[] = [];
    for (let count = 0; count < 3; count++) {
      const { body } = await call(sandbox, "send_message", toScenario("000"));
      ids.push(Number(at(body, "messages", 0, "message_id")));
    }
    const [first = 0] = ids;
    expect(ids).toEqual([first, first + 1, first + 2]);
    const found = await Promise.all(ids.map((message_id) => call(sandbox, "check_message", { message_id })));
    expect(found.map(({ body }) => at(body, "result", "code"))).toEqual(["MESSAGE_NOT_FOUND", "OK", "OK"]);
  });

  it("the Telekom sandbox answers a body that is too large with 413", async () => {
    const sandbox = await startSandbox({ maxBodyBytes: 1_000 });
    const reply = await call(sandbox, "send_message", { ...toScenario("000"), text: "x".repeat(1_000) });
    expect(reply).toMatchObject({ status: 413 });
  });
});
