import { describe, expect, it } from "vitest";
import { createManualClock } from "./manual-clock.ts";
import {
  callQikli,
  message,
  pushedWords,
  reportsPath,
  sendPath,
  startQikli,
  wordsOf,
} from "./qikli-client.ts";
import { startReceiver } from "./setup.ts";
import { fixtures } from "../providers/serve-answers.ts";

const fixture = fixtures("qikli");
const accepted = JSON.parse(fixture("send.200.json")).messages[0].status;
const handset = JSON.parse(fixture("reports.200.json")).results[0];
const uuid = expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
const xml = { "content-type": "application/xml", accept: "application/xml" };
const error = (messageId: string, text: string) => ({
  requestError: { serviceException: { messageId, text } },
});

describe("sending", () => {
  it("the Qikli sandbox takes the documented request and answers as documented", async () => {
    const sandbox = await startQikli();
    const body = fixture("send.request.json").replace("2332xxxxxxxx", "233205072988");
    const reply = await callQikli(sandbox, "POST", sendPath, { body });
    expect(reply).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
    expect(reply.body).toEqual({
      bulkId: "BULK-ID-123-xyz",
      messages: [
        { to: "233205072987", status: accepted, messageId: "MESSAGE-ID-127-xyz" },
        { to: "233205072988", status: accepted, messageId: uuid },
      ],
    });
  });

  it("the Qikli sandbox takes the documented request in XML, too", async () => {
    const sandbox = await startQikli();
    const body = fixture("send.request.xml").replace("2332xxxxxxxx", "233205072988");
    const reply = await callQikli(sandbox, "POST", sendPath, { body, headers: xml });
    expect(reply).toMatchObject({ status: 200, headers: { "content-type": "application/xml" } });
    const compact = reply.text.replace(/>\s+</g, "><");
    const [, documented = ""] =
      /(<status>.*<\/status>)/.exec(fixture("send.200.xml").replace(/>\s+</g, "><")) ?? [];
    expect(compact).toContain(
      "<SMSResponse><bulkId>BULK-ID-123-xyz</bulkId><messages><messages><to>233205072987</to>",
    );
    expect(compact.split(documented)).toHaveLength(3);
    expect(compact).toContain(
      "<messageId>MESSAGE-ID-127-xyz</messageId></messages><messages><to>233205072988</to>",
    );
  });

  it("the Qikli sandbox draws a bulk id for each request that has none", async () => {
    const sandbox = await startQikli();
    const replies = await Promise.all(
      ["100", "101"].map((to) => callQikli(sandbox, "POST", sendPath, { body: message(to) })),
    );
    const [one, other] = replies.map(({ body }) => body.bulkId);
    expect([one, other]).toEqual([uuid, uuid]);
    expect(one).not.toBe(other);
  });

  it("the Qikli sandbox takes a message id once, in one request and over several", async () => {
    const sandbox = await startQikli();
    const destinations = [
      { to: "421901000100", messageId: "one" },
      { to: "+421901000101", messageId: "one" },
    ];
    const body = { messages: [{ from: "MySender", destinations, text: "Hi" }] };
    const first = await callQikli(sandbox, "POST", sendPath, { body });
    const second = await callQikli(sandbox, "POST", sendPath, { body });
    expect(wordsOf(first.body.messages)).toEqual(["MESSAGE_ACCEPTED", "REJECTED_DUPLICATE_MESSAGE_ID"]);
    expect(wordsOf(second.body.messages)).toEqual(Array(2).fill("REJECTED_DUPLICATE_MESSAGE_ID"));
    const { body: reports } = await callQikli(sandbox, "GET", reportsPath);
    expect(reports.results).toHaveLength(1);
  });

  it("the Qikli sandbox judges every destination, and the first decides how the request ends", async () => {
    const sandbox = await startQikli();
    const numbers = ["421901000000", "421901000013", "12", "421901000048", "421901000044"];
    const destinations = numbers.map((to) => ({ to }));
    const body = {
      messages: [
        { destinations: destinations.slice(0, 2), text: "Hi" },
        { destinations: destinations.slice(2), text: "Ho" },
      ],
    };
    const reply = await callQikli(sandbox, "POST", sendPath, { body });
    expect(reply.status).toBe(200);
    expect(wordsOf(reply.body.messages)).toEqual([
      "MESSAGE_ACCEPTED",
      "REJECTED_ROUTE_NOT_AVAILABLE",
      "REJECTED_PREFIX_MISSING",
      "REJECTED_ROUTE_NOT_AVAILABLE",
      "REJECTED_NOT_ENOUGH_CREDITS",
    ]);
  });

  it("the Qikli sandbox leaves destinations after the first whose own request would end in a fault out of the answer", async () => {
    const sandbox = await startQikli();
    const suffixes = ["000", "009", "011", "012", "019", "023", "042", "010", "049"];
    const destinations = suffixes.map((suffix) => ({ to: `421901000${suffix}`, messageId: suffix }));
    const body = { messages: [{ destinations, text: "Hi" }] };
    const { body: answered } = await callQikli(sandbox, "POST", sendPath, { body });
    const told = [
      ["000", "MESSAGE_ACCEPTED"],
      ["010", "MESSAGE_ACCEPTED"],
      ["049", "REJECTED_SYSTEM_ERROR"],
    ];
    const { messages } = answered;
    expect(messages).toMatchObject(told.map(([messageId, name]) => ({ messageId, status: { name } })));

    const again = await callQikli(sandbox, "POST", sendPath, { body });
    const taken = again.body.messages.filter(({ status }: { status: { id: number } }) => status.id === 23);
    // All of them but the two that were not kept.
    expect(taken.map(({ messageId }: { messageId: string }) => messageId)).toEqual(
      suffixes.filter((suffix) => suffix !== "011" && suffix !== "049"),
    );
  });

  it("the Qikli sandbox refuses texts of more than 25 parts", async () => {
    const sandbox = await startQikli();
    const words = await Promise.all(
      [25 * 153, 25 * 153 + 1].map(async (length) => {
        const body = message("100", undefined, {
          text: "x".repeat(length),
          destinations: [{ to: "421901000100" }],
        });
        return wordsOf((await callQikli(sandbox, "POST", sendPath, { body })).body.messages);
      }),
    );
    expect(words).toEqual([["MESSAGE_ACCEPTED"], ["REJECTED_MESSAGE_TOO_LONG"]]);
  });
});

describe("what a client must send", () => {
  it("the Qikli sandbox requires the credentials", async () => {
    const sandbox = await startQikli({ username: "Aladdin", password: "open sesame" });
    for (const authorization of [null, "Basic d3Jvbmc=", "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]) {
      const wrong = { headers: { authorization }, body: message("100") };
      const reply = await callQikli(sandbox, "POST", sendPath, wrong);
      expect(reply).toMatchObject({ status: 401, body: JSON.parse(fixture("error.401.json")) });
    }
    const right = { headers: { authorization: "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" } };
    expect(await callQikli(sandbox, "GET", reportsPath, right)).toMatchObject({ status: 200 });
    const inXml = await callQikli(sandbox, "GET", reportsPath, { headers: { ...xml, authorization: null } });
    expect(inXml.text.replace(/\s*\n\s*/g, "")).toContain(fixture("error.401.xml").replace(/\s*\n\s*/g, ""));
  });

  it.each([
    [null, 500],
    ["text/plain", 415],
    ["application/x-www-form-urlencoded", 415],
  ])("the Qikli sandbox answers the content type %s with a general error", async (type, status) => {
    const sandbox = await startQikli();
    const reply = await callQikli(sandbox, "POST", sendPath, {
      headers: { "content-type": type },
      body: message("100"),
    });
    expect(reply).toMatchObject({ status, body: error("GENERAL_ERROR", "General error") });
  });

  it("the Qikli sandbox answers in the format that is accepted, otherwise in the one that was sent", async () => {
    const sandbox = await startQikli();
    const answers = [
      ["application/xml", "application/xml"],
      [null, "application/json"],
      ["*/*", "application/json"],
      ["application/json;q=0.9", "application/json"],
    ] as const;
    for (const [accept, type] of answers) {
      const body = message("100", undefined, { destinations: [{ to: "421901000100" }] });
      const reply = await callQikli(sandbox, "POST", sendPath, { headers: { accept }, body });
      expect(reply).toMatchObject({ status: 200, headers: { "content-type": type } });
    }
    const odd = await callQikli(sandbox, "POST", sendPath, {
      headers: { accept: "text/html" },
      body: message("100"),
    });
    expect(odd).toMatchObject({ status: 406, body: error("GENERAL_ERROR", "General error") });
  });

  it.each<[string, unknown, string]>([
    ["no JSON", "{", "request"],
    ["no messages", {}, "messages"],
    ["an empty list of messages", { messages: [] }, "messages"],
    ["no destinations", { messages: [{ text: "Hi", destinations: [] }] }, "messages[0].destinations"],
    [
      "a number for a number",
      { messages: [{ text: "Hi", destinations: [{ to: 421901000100 }] }] },
      "messages[0].destinations[0].to",
    ],
    ["no text", { messages: [{ destinations: [{ to: "421901000100" }] }] }, "messages[0].text"],
    [
      "an odd notify URL",
      message("100", undefined, { notifyUrl: "ftp://example.com" }),
      "messages[0].notifyUrl",
    ],
    [
      "an odd notify type",
      message("100", undefined, { notifyContentType: "text/html" }),
      "messages[0].notifyContentType",
    ],
    ["flash as text", message("100", undefined, { flash: "true" }), "messages[0].flash"],
    ["half a minute", message("100", undefined, { validityPeriod: 0.5 }), "messages[0].validityPeriod"],
    [
      "long callback data",
      message("100", undefined, { callbackData: "x".repeat(201) }),
      "messages[0].callbackData",
    ],
    ["an odd language", message("100", undefined, { languageCode: "SK" }), "messages[0].languageCode"],
    ["an odd tracking", { ...message("100"), tracking: { track: "ALL" } }, "tracking.track"],
    ["an odd time", message("100", undefined, { sendAt: "tomorrow" }), "messages[0].sendAt"],
  ])("the Qikli sandbox names the field in error: %s", async (_name, body, field) => {
    const reply = await callQikli(await startQikli(), "POST", sendPath, { body });
    expect(reply.status).toBe(400);
    expect(reply.body.requestError.serviceException).toMatchObject({
      messageId: "BAD_REQUEST",
      text: "Bad Request",
      validationErrors: { [field]: [expect.any(String)] },
    });
  });

  it("the Qikli sandbox takes everything the platform knows", async () => {
    const more = {
      flash: true,
      transliteration: "CENTRAL_EUROPEAN",
      languageCode: "ES",
      intermediateReport: false,
      notifyContentType: "application/xml",
      callbackData: "order-123",
      validityPeriod: 720,
      sendAt: "2019-11-09T16:00:00.000+0000",
      unknownToAll: 1,
    };
    const body = { ...message("100", undefined, more), tracking: { track: "URL", type: "MY_CAMPAIGN" } };
    expect(await callQikli(await startQikli(), "POST", sendPath, { body })).toMatchObject({ status: 200 });
  });

  it.each([
    "<request/>",
    "<request><messages/></request>",
    "<other/>",
    "<request>",
    "{}",
    '<!DOCTYPE r [<!ENTITY a "x">]><request>&a;</request>',
  ])("the Qikli sandbox refuses the XML %s", async (body) => {
    const reply = await callQikli(await startQikli(), "POST", sendPath, { body, headers: xml });
    expect(reply.status).toBe(400);
    expect(reply.text).toContain("<messageId>BAD_REQUEST</messageId>");
  });

  it("the Qikli sandbox answers only its own paths and methods", async () => {
    const sandbox = await startQikli();
    expect(await callQikli(sandbox, "GET", sendPath)).toMatchObject({ status: 405 });
    expect(await callQikli(sandbox, "POST", reportsPath)).toMatchObject({ status: 405 });
    for (const path of ["/", "/sms/1/logs", "/sms/1/reports/", "/account/1/balance", "/constructor"]) {
      expect(await callQikli(sandbox, "GET", path)).toMatchObject({ status: 404 });
    }
  });
});

describe("the reports to pull", () => {
  it("reports of the Qikli sandbox look as documented", async () => {
    const sandbox = await startQikli({ clock: createManualClock("2015-02-12T08:58:20.337Z") });
    await callQikli(sandbox, "POST", sendPath, {
      body: fixture("send.request.json").replace(/,\s*\{ "to": "2332x+" \}/, ""),
    });
    const { body } = await callQikli(sandbox, "GET", reportsPath);
    const time = "2015-02-12T08:58:20.337+0000";
    const { callbackData: _, ...documented } = handset;
    expect(body).toEqual({ results: [{ ...documented, sentAt: time, doneAt: time }] });
  });

  it("reports of the Qikli sandbox can be read once", async () => {
    const sandbox = await startQikli();
    for (const suffix of ["100", "101", "102"])
      await callQikli(sandbox, "POST", sendPath, { body: message(suffix) });
    const ids = async (query: Record<string, string> = {}) => {
      const { body } = await callQikli(sandbox, "GET", reportsPath, { query });
      return body.results.map(({ messageId }: { messageId: string }) => messageId);
    };
    expect(await ids({ messageId: "order-999" })).toEqual([]);
    expect(await ids({ messageId: "order-101" })).toEqual(["order-101"]);
    expect(await ids({ limit: "1" })).toEqual(["order-100"]);
    expect(await ids()).toEqual(["order-102"]);
    expect(await ids()).toEqual([]);
  });

  it("reports of the Qikli sandbox can be read by bulk id, in XML, and 50 at a time unless asked for more", async () => {
    const sandbox = await startQikli();
    const destinations = Array.from({ length: 60 }, (_, index) => ({ to: String(421901000100 + index) }));
    await callQikli(sandbox, "POST", sendPath, {
      body: { bulkId: "bulk-1", messages: [{ destinations, text: "Hi" }] },
    });
    const none = await callQikli(sandbox, "GET", reportsPath, { query: { bulkId: "bulk-2" } });
    expect(none.body).toEqual(JSON.parse(fixture("reports.empty.200.json")));
    const some = await callQikli(sandbox, "GET", reportsPath, { query: { bulkId: "bulk-1" } });
    expect(some.body.results).toHaveLength(50);
    const { text } = await callQikli(sandbox, "GET", reportsPath, { query: { limit: "1000" }, headers: xml });
    expect(text.match(/<results>/g)).toHaveLength(10);
    const empty = await callQikli(sandbox, "GET", reportsPath, { headers: xml });
    expect(empty.text).toMatch(/<SMSReportResponse\s*\/>|<SMSReportResponse>\s*<\/SMSReportResponse>/);
  });

  it.each(["0", "1001", "many"])(
    "reports of the Qikli sandbox cannot be read %s at a time",
    async (limit) => {
      const reply = await callQikli(await startQikli(), "GET", reportsPath, { query: { limit } });
      expect(reply).toMatchObject({ status: 400 });
    },
  );

  it("reports of the Qikli sandbox are forgotten, and so are message ids, once there are too many", async () => {
    const sandbox = await startQikli({ maxMessages: 2 });
    for (const suffix of ["100", "101", "102"])
      await callQikli(sandbox, "POST", sendPath, { body: message(suffix) });
    const again = await callQikli(sandbox, "POST", sendPath, { body: message("100", undefined, {}) });
    expect(wordsOf(again.body.messages)).toEqual(["MESSAGE_ACCEPTED"]);
    const { body } = await callQikli(sandbox, "GET", reportsPath);
    expect(body.results).toHaveLength(2);
  });
});

describe("the logs", () => {
  it("logs of the Qikli sandbox are served on request, and can be read again", async () => {
    const sandbox = await startQikli({ logs: true });
    for (const suffix of ["005", "001"])
      await callQikli(sandbox, "POST", sendPath, { body: message(suffix) });
    for (const _ of [1, 2]) {
      const { body } = await callQikli(sandbox, "GET", "/sms/1/logs");
      expect(wordsOf(body.results)).toEqual(["UNDELIVERABLE_NOT_DELIVERED", "MESSAGE_ACCEPTED"]);
      expect(body.results[0]).toMatchObject({ mccmnc: "23101", text: "Hi", from: "MySender" });
    }
    const query = { messageId: "order-005" };
    const { text } = await callQikli(sandbox, "GET", "/sms/1/logs", { query, headers: xml });
    expect(text.match(/<results>/g)).toHaveLength(2);
  });
});

describe("pushed reports", () => {
  it("pushed reports of the Qikli sandbox come in the chosen format, with what was to be echoed", async () => {
    const [sandbox, callbacks] = [await startQikli(), await startReceiver()];
    const more = { notifyContentType: "application/xml", callbackData: "a & b", intermediateReport: true };
    await callQikli(sandbox, "POST", sendPath, { body: message("000", callbacks, more) });
    const [first, second] = await callbacks.take(2);
    expect(first).toMatchObject({ method: "POST", headers: { "content-type": "application/xml" } });
    expect(first?.text).toContain("<name>PENDING_ENROUTE</name>");
    expect(second?.text).toContain("<name>DELIVERED_TO_HANDSET</name>");
    expect(second?.text).toContain("<callbackData>a &amp; b</callbackData>");
  });

  it("pushed reports of the Qikli sandbox share a request, up to a hundred of them", async () => {
    const [sandbox, callbacks] = [await startQikli(), await startReceiver()];
    const destinations = Array.from({ length: 120 }, (_, index) => ({ to: String(421901000100 + index) }));
    const body = { messages: [{ destinations, text: "Hi", notifyUrl: callbacks.url }] };
    await callQikli(sandbox, "POST", sendPath, { body });
    const batches = (await callbacks.take(2)).map(pushedWords);
    expect(batches.map(({ length }) => length).toSorted((one, other) => one - other)).toEqual([20, 100]);
  });

  it("pushed reports of the Qikli sandbox are repeated until a 2xx, and wait to be pulled when nobody takes them", async () => {
    const clock = createManualClock("2015-02-12T08:58:20Z");
    const statuses = [500, 204, 503, 503];
    const callbacks = await startReceiver(() => statuses.shift() ?? 0);
    const sandbox = await startQikli({ clock, callbackRetries: { attempts: 2, delayMs: 100 } });
    for (const suffix of ["100", "101"]) {
      await callQikli(sandbox, "POST", sendPath, { body: message(suffix, callbacks) });
      expect(await clock.pending(1)).toEqual([100]);
      clock.advance(100);
      await callbacks.take(suffix === "100" ? 2 : 4);
    }
    await expect
      .poll(async () => (await callQikli(sandbox, "GET", reportsPath)).body.results)
      .toEqual([expect.objectContaining({ messageId: "order-101" })]);
  });

  it("pushed reports of the Qikli sandbox come after the time at which a message is to be sent", async () => {
    const clock = createManualClock("2019-11-09T15:00:00Z");
    const sandbox = await startQikli({ clock });
    const body = message("100", undefined, { sendAt: "2019-11-09T16:30:00.000+0030" });
    await callQikli(sandbox, "POST", sendPath, { body });
    expect(await clock.pending(1)).toEqual([3_600_000]);
  });

  it("pushed reports of the Qikli sandbox come a moment after acceptance", async () => {
    const clock = createManualClock("2015-02-12T08:58:20Z");
    const sandbox = await startQikli({ clock, delays: {} });
    await callQikli(sandbox, "POST", sendPath, { body: message("000") });
    const [waitMs = 0] = await clock.pending(1);
    expect(waitMs).toBeGreaterThanOrEqual(640);
    expect(waitMs).toBeLessThanOrEqual(960);
  });
});

it("the Qikli sandbox draws the same from the same seed", async () => {
  expect(await drawn()).toEqual(await drawn());
});

async function drawn() {
  const sandbox = await startQikli({ seed: "any" });
  const body = { messages: [{ destinations: [{ to: "421901000100" }], text: "Hi" }] };
  return [sandbox.password, (await callQikli(sandbox, "POST", sendPath, { body })).body];
}
