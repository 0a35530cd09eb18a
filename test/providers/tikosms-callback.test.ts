import { array, assert, constantFrom, integer, json, property, string, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";
import type { Receipt } from "../../src/providers/provider.ts";
import { repairJson } from "../../src/providers/wire/json.ts";
import { tikosms } from "../../src/providers/tikosms/index.ts";
import { fixture } from "./tikosms-fixtures.ts";

const settings = tikosms.settings.parse({ baseUrl: tikosms.documentedBaseUrl, apiToken: "token" });
const parse = (body: string) => tikosms.parseCallback(body, settings);
const parseJson = (value: unknown) => parse(JSON.stringify(value));

function receiptsOf(body: unknown): Receipt[] {
  const reading = parseJson(body);
  return reading.kind === "receipts" ? reading.receipts : [];
}

const created = {
  kind: "receipts",
  receipts: [
    {
      providerMessageId: "6fcfcd12-8ea5-4e45-b1b7-66e3f5e67600",
      clientRef: "order-123",
      status: "SENT",
      providerStatus: "SENT",
      occurredAt: new Date("2025-08-06T15:32:18Z"),
      part: 1,
      parts: 1,
      cost: "0.045",
      mccmnc: "255001",
    },
  ],
};

describe("the documented callbacks", () => {
  test("the documented create callback of TikoSMS is read as it must be", () => {
    expect(parse(fixture("callback-create.json"))).toEqual(created);
  });

  test("the documented create callback of TikoSMS is read as it is printed", () => {
    const printed = fixture("callback-create.printed.txt");
    expect(() => JSON.parse(printed)).toThrow(SyntaxError);
    expect(parse(printed)).toEqual(created);
    expect(parse(printed.replaceAll("\n", "\r\n    "))).toEqual(created);
    expect(JSON.parse(repairJson(printed))).toEqual(JSON.parse(fixture("callback-create.json")));
  });

  test("the documented update callback of TikoSMS is read", () => {
    expect(parse(fixture("callback-update.json"))).toEqual({
      kind: "receipts",
      receipts: [
        {
          ...created.receipts[0],
          status: "DELIVERED",
          providerStatus: "DELIVRD",
          occurredAt: new Date("2025-08-06T15:33:45Z"),
        },
      ],
    });
  });

  test("a callback of TikoSMS is read behind a byte order mark and white space", () => {
    expect(parse(`\uFEFF \n${fixture("callback-create.json")}\n`)).toEqual(created);
  });
});

describe("what a callback may look like besides", () => {
  const report = { message_id: "m-1", client_ref: "ref", status: "DELIVRD" };

  test("any status in either event", () => {
    expect(receiptsOf({ create: { ...report, status: "REJECTD" } })).toMatchObject([
      { status: "REJECTED", failure: { code: "rejected_by_carrier", permanent: true } },
    ]);
    expect(receiptsOf({ update: { ...report, status: "SENT" } })).toMatchObject([{ status: "SENT" }]);
  });

  test("a callback of TikoSMS may have both events, several reports, and arrays", () => {
    const both = { update: report, create: { ...report, status: "SENT" } };
    expect(receiptsOf(both).map((receipt) => receipt.status)).toEqual(["SENT", "DELIVERED"]);
    expect(receiptsOf([both, { update: [report, report] }])).toHaveLength(4);
  });

  test("a readable report beside unreadable ones", () => {
    expect(
      receiptsOf([{ create: null }, 1, { update: report }, { update: { message_id: "m-2" } }]),
    ).toHaveLength(1);
  });

  test("a callback of TikoSMS may have only a client_ref, or only a message_id", () => {
    expect(receiptsOf({ create: { client_ref: "ref", status: "SENT" } })).toMatchObject([
      { clientRef: "ref" },
    ]);
    expect(receiptsOf({ create: { message_id: 17, client_ref: null, status: "SENT" } })).toMatchObject([
      { providerMessageId: "17", clientRef: undefined },
    ]);
  });

  test("a callback of TikoSMS may have numbers as text, text as numbers, and nonsense where a number belongs", () => {
    const odd = { ...report, cost: "0.050", part: "2", total_parts: "3", mccmnc: 25501 };
    expect(receiptsOf({ update: odd })).toMatchObject([
      { cost: "0.050", part: 2, parts: 3, mccmnc: "25501" },
    ]);
    const nonsense = { ...report, cost: "free", part: 0, total_parts: "many", mccmnc: "Kyivstar" };
    expect(receiptsOf({ update: nonsense })).toMatchObject([
      { cost: undefined, part: 1, parts: 1, mccmnc: undefined },
    ]);
    expect(receiptsOf({ update: { ...report, part: 3, total_parts: 2 } })).toMatchObject([
      { part: 3, parts: 3 },
    ]);
  });

  test("a callback of TikoSMS may have money that no float holds", () => {
    const reading = parse('{"update":{"message_id":"m","status":"SENT","cost":0.1234567890123456789}}');
    expect(reading).toMatchObject({ receipts: [{ cost: "0.1234567890123456789" }] });
    expect(parse('{"update":{"message_id":"m","status":"SENT","cost":4.5E-2}}')).toMatchObject({
      receipts: [{ cost: "0.045" }],
    });
  });

  test.each([
    [
      "update",
      {
        delivered_at: "2025-01-01 00:00:03",
        timestamp: "2025-01-01T00:00:02",
        sent_at: "2025-01-01 00:00:01",
      },
      3,
    ],
    [
      "update",
      { delivered_at: null, timestamp: "2025-01-01T00:00:02.000", sent_at: "2025-01-01 00:00:01" },
      2,
    ],
    ["update", { delivered_at: "", timestamp: "soon", sent_at: "2025-01-01 00:00:01" }, 1],
    [
      "create",
      {
        delivered_at: "2025-01-01 00:00:03",
        timestamp: "2025-01-01T00:00:02",
        sent_at: "2025-01-01 00:00:01",
      },
      1,
    ],
    ["create", { delivered_at: "2025-01-01 00:00:03", timestamp: "2025-01-01T00:00:02" }, 2],
    ["create", { delivered_at: "2025-01-01 00:00:03" }, 3],
  ])("a callback of TikoSMS in status %s with times %o happened at second %i", (event, times, second) => {
    const occurredAt = new Date(Date.UTC(2025, 0, 1, 0, 0, second));
    expect(receiptsOf({ [event]: { ...report, ...times } })).toMatchObject([{ occurredAt }]);
  });

  test("no time at all", () => {
    expect(receiptsOf({ update: report })).toMatchObject([{ occurredAt: undefined }]);
  });

  test("the times in callbacks of TikoSMS are in the zone of the connection", () => {
    const reading = tikosms.parseCallback(fixture("callback-update.json"), {
      ...settings,
      timeZone: "Europe/Kyiv",
    });
    expect(reading).toMatchObject({ receipts: [{ occurredAt: new Date("2025-08-06T12:33:45Z") }] });
  });
});

describe("what is no receipt", () => {
  test.each([
    "{}",
    "[]",
    "null",
    "1",
    '"create"',
    '{"create":{}}',
    '{"delete":{"message_id":"m","status":"SENT"}}',
  ])("a body that is no receipt of TikoSMS is unreadable: %s", (body) =>
    expect(parse(body)).toMatchObject({ kind: "unreadable" }),
  );

  test("a report of TikoSMS without a status, or without an id of its message, is unreadable", () => {
    expect(parseJson({ update: { message_id: "m", status: "" } })).toMatchObject({ kind: "unreadable" });
    expect(parseJson({ update: { to: "380501234567", status: "SENT" } })).toMatchObject({
      kind: "unreadable",
    });
    expect(parseJson({ update: { message_id: "m", status: "SE\0NT" } })).toMatchObject({
      kind: "unreadable",
    });
  });

  test.each([
    "",
    " ",
    "create=1&status=SENT",
    "<html></html>",
    '{"create":{"message_id":"m"',
    "{'create':{}}",
  ])("a body that is no receipt of TikoSMS is malformed: %s", (body) =>
    expect(parse(body)).toMatchObject({ kind: "malformed" }),
  );

  test("a body nested deeper than the stack is malformed for TikoSMS", () => {
    expect(parse("[".repeat(100_000) + "]".repeat(100_000)).kind).not.toBe("receipts");
  });
});

describe("the repair", () => {
  test.each([
    ['{"a":"b"\n"c":1}', '{"a":"b",\n"c":1}'],
    ['{"a":[1,2,\n],\n}', '{"a":[1,2\n]\n}'],
    ['{"a":"x,}"\r\n  "c" : "y\\",]"}', '{"a":"x,}",\r\n  "c" : "y\\",]"}'],
    ['["a"\n"b"]', '["a"\n"b"]'],
    ['{"a":"b" "c":1}', '{"a":"b" "c":1}'],
    ['{"a":1\n"c":1}', '{"a":1\n"c":1}'],
    ['{"a":"one\ntwo\tthree"}', '{"a":"one\\u000atwo\\u0009three"}'],
    ['{"a":"it\\\'s \\x41\\\\"}', '{"a":"it\'s x41\\\\"}'],
    ['{"a":NaN,"b":-Infinity,"c":True}', '{"a":null,"b":null,"c":true}'],
    ['{"a":001,b:DELIVRD,"c":1E-3}', '{"a":"001","b":"DELIVRD","c":1E-3}'],
    ['{"a":"never closed}', '{"a":"never closed}'],
  ])("the repair of %j gives %j", (body, repaired) => expect(repairJson(body)).toBe(repaired));

  test("the repair never changes what already is JSON", () => {
    assert(
      property(json(), constantFrom(0, 1, "\t"), (text, space) => {
        const body = JSON.stringify(JSON.parse(text), null, space);
        expect(repairJson(body)).toBe(body);
      }),
    );
  });

  test("the repair never changes the content of strings", () => {
    const piece = constantFrom('",', ",}", '"\n"k":', "\\", ",\n]", "x", "Ж");
    assert(
      property(array(piece), (pieces) => {
        const value = { update: { message_id: pieces.join(""), status: "SENT", list: [1] } };
        const damaged = JSON.stringify(value, null, 1).replace('",\n', '"\n').replace("1\n", "1,\n");
        expect(JSON.parse(repairJson(damaged))).toEqual(value);
      }),
    );
  });

  // Time that grows with the square of the length would not end within the limit of a test.
  test("a body of many thousand pieces is read to its end", () => {
    const hostile = ['"', '\\"', "\n", '"a"\n', ",", " ,\n", '"\\'].map((piece) => piece.repeat(200_000));
    for (const body of hostile) expect(parse(body).kind).toBe("malformed");
  });
});

describe("no body breaks the reader", () => {
  const event = constantFrom("create", "update", "__proto__", "other");
  const field = constantFrom("message_id", "status", "cost", "part", "mccmnc", "timestamp", "client_ref");

  test("no text breaks the reader of TikoSMS's callbacks, well-formed or not", () => {
    const unit = integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    assert(property(string({ unit }), isRead));
    assert(property(string(), isRead));
  });

  test("no bytes break the reader of TikoSMS's callbacks", () =>
    assert(property(uint8Array(), (bytes) => isRead(new TextDecoder().decode(bytes)))));

  test("any JSON where a report belongs", () => {
    assert(property(event, json(), (key, value) => isRead(`{"${key}":${value}}`)));
  });

  test("any JSON in any field", () => {
    const start = '{"update":{"message_id":"m","status":"SENT"';
    assert(property(field, json(), (key, value) => isRead(`${start},"${key}":${value}}}`)));
  });

  test("a documented callback of TikoSMS breaks no reader when it is cut or changed anywhere", () => {
    const printed = fixture("callback-create.printed.txt");
    for (let at = 0; at < printed.length; at++) {
      expect(isRead(printed.slice(0, at))).toBe(true);
      expect(isRead(`${printed.slice(0, at)}"${printed.slice(at + 1)}`)).toBe(true);
    }
  });
});

function isRead(body: string): boolean {
  return ["receipts", "unreadable", "malformed"].includes(parse(body).kind);
}
