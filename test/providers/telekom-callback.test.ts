import { array, assert, constantFrom, integer, json, property, string, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";
import type { Receipt } from "../../src/providers/provider.ts";
import { telekom } from "../../src/providers/telekom/index.ts";
import { repairJson } from "../../src/providers/wire/json.ts";
import { fixture } from "./telekom-fixtures.ts";

const settings = telekom.settings.parse({ baseUrl: telekom.documentedBaseUrl, token: "token" });
const parse = (body: string, contentType?: string) => telekom.parseCallback(body, settings, contentType);
const documented = JSON.parse(fixture("callback.json"));

function receiptsOf(body: unknown): Receipt[] {
  const reading = parse(JSON.stringify(body));
  return reading.kind === "receipts" ? reading.receipts : [];
}

const delivered = {
  providerMessageId: "991003276",
  status: "DELIVERED",
  providerStatus: "DELIVERED",
  occurredAt: new Date("2025-10-02T08:31:39.825Z"),
  part: 1,
  parts: 1,
};

describe("the documented callback", () => {
  test.each(["callback.json", "callback.printed.txt"])(
    "a callback of Telekom's documentation is read: %s",
    (name) => {
      const reading = { kind: "receipts", receipts: [delivered] };
      expect(parse(fixture(name))).toEqual(reading);
      expect(parse(`\uFEFF${fixture(name).replaceAll("\n", "\r\n")}`)).toEqual(reading);
    },
  );

  test("the callback that Telekom's documentation prints is no JSON, and the documented one once repaired", () => {
    const printed = fixture("callback.printed.txt");
    expect(() => JSON.parse(printed)).toThrow(SyntaxError);
    expect(JSON.parse(repairJson(printed))).toEqual(documented);
  });
});

describe("what a callback may look like besides", () => {
  test("the id as text", () => {
    expect(receiptsOf({ ...documented, messageId: "991003276" })).toEqual([delivered]);
    expect(receiptsOf({ ...documented, messageId: "0991003276 " })).toEqual([delivered]);
  });

  test("an id that no float holds", () => {
    const body = fixture("callback.json").replace("991003276", "900719925474099312345");
    expect(parse(body)).toMatchObject({ receipts: [{ providerMessageId: "900719925474099312345" }] });
  });

  test("a message of several parts has one receipt at Telekom", () => {
    expect(receiptsOf({ ...documented, messageParts: 3 })).toEqual([delivered]);
  });

  test("a callback of Telekom may have the type RCS, or no type at all", () => {
    const { type: _, ...untyped } = documented;
    expect(receiptsOf({ ...untyped, channel: "rcs" })).toEqual([delivered]);
  });

  test("a list, in which a readable report is not lost to others", () => {
    const others = [1, null, {}, { ...documented, delivery: null }, { ...documented, messageId: "" }];
    const problem = "5 of 6 reports could not be read.";
    const reading = { kind: "receipts", receipts: [delivered], problem };
    expect(parse(JSON.stringify([...others, documented]))).toEqual(reading);
    const postback = { ...documented, type: "postback" };
    expect(parse(JSON.stringify([postback, documented]))).toEqual({ ...reading, problem: undefined });
  });

  test("a time that is none, or has no zone", () => {
    expect(receiptsOf({ ...documented, timestamp: "soon" })).toMatchObject([{ occurredAt: undefined }]);
    const occurredAt = new Date("2025-10-02T06:31:39Z");
    expect(receiptsOf({ ...documented, timestamp: "2025-10-02 08:31:39" })).toMatchObject([{ occurredAt }]);
  });

  test("a word nobody knows, kept as it came", () => {
    expect(receiptsOf({ ...documented, delivery: { status: 4 } })).toMatchObject([
      { status: "UNKNOWN", providerStatus: "4" },
    ]);
  });

  test("the gateway's older form", () => {
    const body = "message_id=991003276&status=4&addressFrom=MyBrand&addressTo=421901234567";
    const receipt = { providerMessageId: "991003276", status: "UNKNOWN", providerStatus: "4" };
    expect(parse(body)).toMatchObject({ kind: "receipts", receipts: [receipt] });
    expect(parse(body, "application/x-www-form-urlencoded; charset=UTF-8")).toMatchObject({
      receipts: [receipt],
    });
  });
});

describe("what is no receipt", () => {
  test("a postback, even with a status", () => {
    const { delivery: _, ...postback } = { ...documented, type: "postback" };
    expect(receiptsOf([documented, { ...documented, type: "Postback" }])).toEqual([delivered]);
    expect(parse(JSON.stringify(postback))).toMatchObject({ kind: "unreadable" });
  });

  test.each([
    "{}",
    "[]",
    "null",
    "1",
    '"DELIVERED"',
    '{"messageId":1}',
    '{"delivery":{"status":"SENT"}}',
    "<a/>",
  ])("a body that is no receipt of Telekom is unreadable: %s", (body) =>
    expect(parse(body)).toMatchObject({ kind: "unreadable" }),
  );

  test("a form of something else is unreadable for Telekom", () => {
    expect(parse("a=1", "application/x-www-form-urlencoded")).toMatchObject({ kind: "unreadable" });
  });

  test.each(["", " ", "status=SENT", "<html>", '{"delivery":{"status":"SENT"', "{'messageId':1}"])(
    "a body that is no receipt of Telekom is malformed: %j",
    (body) => expect(parse(body)).toMatchObject({ kind: "malformed", reason: expect.stringMatching(/\w/) }),
  );
});

describe("comments are mended, too", () => {
  test.each([
    ['{"a":1 // one\n}', '{"a":1 \n}'],
    ['{"a":"b" // c\n"d":/* e */1,/* f */}', '{"a":"b", \n"d":1}'],
    ['{"a":"// b /* c */"}', '{"a":"// b /* c */"}'],
    ['{"a":1} /* never closed', '{"a":1} '],
  ])("comments in Telekom's JSON are repaired: %j gives %j", (body, repaired) =>
    expect(repairJson(body)).toBe(repaired),
  );

  test("comments in Telekom's documented request are repaired", () => {
    const printed = fixture("send_message.request.printed.txt");
    expect(JSON.parse(repairJson(printed))).toEqual(JSON.parse(fixture("send_message.request.json")));
  });
});

describe("no body breaks the reader", () => {
  test("no text breaks the reader of Telekom's callbacks, well-formed or not", () => {
    const unit = integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    assert(property(string({ unit }), isRead));
    assert(property(uint8Array(), (bytes) => isRead(new TextDecoder().decode(bytes))));
  });

  test("no pieces of JSON, XML and forms break the reader of Telekom's callbacks", () => {
    const piece = constantFrom(
      '"',
      "{",
      "}",
      "<a>",
      "</a>",
      "<!--",
      "//",
      "/*",
      "&",
      "status=",
      "message_id=1",
      ",",
    );
    assert(property(array(piece), (pieces) => isRead(pieces.join(""))));
  });

  test("any JSON in any field", () => {
    const field = constantFrom(
      "messageId",
      "delivery",
      "type",
      "timestamp",
      "status",
      "message_id",
      "__proto__",
    );
    assert(
      property(field, json(), (key, value) => isRead(`{"messageId":1,"status":"SENT","${key}":${value}}`)),
    );
    assert(property(json(), (value) => isRead(`{"messageId":1,"delivery":{"status":${value}}}`)));
  });

  test("the documented callback of Telekom breaks no reader when it is cut or changed anywhere", () => {
    const printed = fixture("callback.printed.txt");
    for (let at = 0; at < printed.length; at++) {
      expect(isRead(printed.slice(0, at))).toBe(true);
      expect(isRead(`${printed.slice(0, at)}"${printed.slice(at + 1)}`)).toBe(true);
    }
  });

  // Time that grows with the square of the length would not end within the limit of a test.
  test("a body of many thousand pieces is read to its end", () => {
    const pieces = ['"', "/*", "//", "<a>", "<!--", "&a=", ",\n", "{", "["];
    for (const piece of pieces) expect(isRead(piece.repeat(100_000))).toBe(true);
  });
});

function isRead(body: string): boolean {
  return ["receipts", "unreadable", "malformed"].includes(parse(body).kind);
}
