import {
  array,
  assert,
  constantFrom,
  integer,
  json as anyJson,
  property,
  string,
  uint8Array,
} from "fast-check";
import { describe, expect, test } from "vitest";
import type { Receipt } from "../../src/providers/provider.ts";
import { qikli } from "../../src/providers/qikli/index.ts";
import { isEmptySet, readDocument, readMessages, readRefusal } from "../../src/providers/qikli/wire.ts";
import { writeXml, type XmlContent } from "../../src/providers/wire/xml.ts";
import { credentials, duplicate, fixture } from "./qikli-fixtures.ts";

const settings = qikli.settings.parse({ baseUrl: qikli.documentedBaseUrl, ...credentials });
const parse = (body: string) => qikli.parseCallback(body, settings);
const parseJson = (value: unknown) => parse(JSON.stringify(value));

function receiptsOf(body: unknown): Receipt[] {
  const reading = parseJson(body);
  return reading.kind === "receipts" ? reading.receipts : [];
}

const delivered: Receipt = {
  providerMessageId: "MESSAGE-ID-127-xyz",
  providerBatchId: "BULK-ID-123-xyz",
  clientRef: "MESSAGE-ID-127-xyz",
  status: "DELIVERED",
  providerStatus: "DELIVERED_TO_HANDSET",
  occurredAt: new Date("2015-02-12T08:58:20.337Z"),
  part: 1,
  parts: 1,
  cost: "0.01",
  costCurrency: "EUR",
};

const undelivered: Receipt = {
  ...delivered,
  status: "UNDELIVERED",
  providerStatus: "UNDELIVERABLE_NOT_DELIVERED",
  occurredAt: new Date("2019-11-09T16:00:05Z"),
  failure: {
    code: "absent_subscriber",
    text: "Message sent not delivered – Absent Subscriber (EC_ABSENT_SUBSCRIBER, error 27)",
    permanent: false,
  },
};

describe("the documented reports", () => {
  test.each<[string, Receipt]>([
    ["reports.200.json", { ...delivered, mccmnc: "62001" }],
    ["reports.200.xml", delivered],
    ["push.json", undelivered],
    ["push.xml", { ...undelivered, cost: "0.0100" }],
  ])("a report of Qikli's documentation is read: %s", (name, receipt) => {
    const reading = { kind: "receipts", receipts: [receipt] };
    expect(parse(fixture(name))).toEqual(reading);
    expect(parse(`\uFEFF \n${fixture(name)}\n`)).toEqual(reading);
  });

  test.each(["reports.empty.200.json", "reports.200.json"])(
    "a report of Qikli's documentation (%s) means the same in XML",
    (name) => {
      const content = JSON.parse(fixture(name)) as XmlContent;
      const flat = parse(writeXml("SMSReportResponse", content));
      expect(flat).toEqual(parse(writeXml("anyRoot", { results: content })));
      expect(flat).toEqual(
        name.includes("empty") ? { kind: "receipts", receipts: [] } : parse(fixture(name)),
      );
    },
  );

  test("the reports that Qikli's documentation prints are no JSON", () => {
    expect(parse(fixture("reports.200.printed.txt"))).toMatchObject({ kind: "malformed" });
    expect(parse(fixture("send.200.printed.txt"))).toMatchObject({ kind: "malformed" });
  });

  test.each([
    ["send.request.printed.txt", "send.request.json"],
    ["send.200.printed.txt", "send.200.json"],
    ["reports.200.printed.txt", "reports.200.json"],
  ])("the example %s of Qikli's documentation has nothing that %s lacks", (printed, repaired) => {
    const known = linesOf(JSON.stringify(JSON.parse(fixture(repaired)), undefined, 1));
    // The number printed with two backslashes is an artefact.
    for (const line of linesOf(fixture(printed).replace("\\\\", ""))) expect(known).toContain(line);
  });
});

const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) =>
      line
        .trim()
        .replace(/[,{[]+$/, "")
        .replace(/\s/g, ""),
    )
    .filter((line) => line !== "");

describe("what a batch may look like besides", () => {
  const row = {
    messageId: "m-1",
    status: { groupId: 3, groupName: "DELIVERED", id: 5, name: "DELIVERED_TO_HANDSET" },
  };

  test("every row of it counts", () => {
    const rows = Array.from({ length: 100 }, (_, index) => ({ ...row, messageId: `m-${index}` }));
    expect(receiptsOf({ results: rows }).map(({ clientRef }) => clientRef)).toEqual(
      rows.map(({ messageId }) => messageId),
    );
    const xml = parse(writeXml("reports", { results: rows }));
    expect(xml).toMatchObject({ receipts: rows.map(({ messageId }) => ({ clientRef: messageId })) });
  });

  test.each<[string, unknown]>([
    ["one object for a list", { results: row }],
    ["a list in a list", { results: { results: [row] } }],
    ["a singular item", { results: { result: row } }],
    ["a list alone", [row]],
    ["one level further down", { answer: { results: [row] } }],
  ])("a batch of Qikli's reports is read: %s", (_name, body) => expect(receiptsOf(body)).toHaveLength(1));

  test.each([
    "<results><result><messageId>m</messageId><status><groupId>3</groupId></status></result></results>",
    "<r:Reports xmlns:r='urn:r'><results><messageId>m</messageId><status><groupId> 3 </groupId></status></results></r:Reports>",
  ])("a batch of Qikli's reports in another form is read: %s", (body) =>
    expect(parse(body)).toMatchObject({ receipts: [{ status: "DELIVERED" }] }),
  );

  test("a batch of Qikli's reports has readable rows beside bad ones", () => {
    const bad = [
      1,
      null,
      "x",
      {},
      { to: "1" },
      { messageId: "m-2" },
      { messageId: "m-3", status: {} },
      { messageId: "", status: row.status },
    ];
    const reading = parseJson({ results: [...bad, row, { ...row, messageId: "m-4" }] });
    expect(reading).toMatchObject({
      kind: "receipts",
      receipts: [{ clientRef: "m-1" }, { clientRef: "m-4" }],
    });
    // The null is nothing at all.
    expect(reading).toMatchObject({ problem: "7 of 9 reports have no messageId or no status." });
    expect(parseJson({ results: [row] })).not.toHaveProperty("problem");
  });

  test("a report of Qikli may have numbers as text, text as numbers, and nonsense where a number belongs", () => {
    const odd = { ...row, messageId: 17, smsCount: "3", price: { pricePerMessage: "0.0100" }, mccmnc: 62001 };
    expect(receiptsOf({ results: [odd] })).toMatchObject([
      { clientRef: "17", cost: "0.0300", mccmnc: "62001", parts: 1 },
    ]);
    const nonsense = {
      ...row,
      smsCount: "many",
      price: { pricePerMessage: "free" },
      mccMnc: "MTN",
      doneAt: "soon",
    };
    expect(receiptsOf({ results: [nonsense] })).toMatchObject([
      { cost: undefined, mccmnc: undefined, occurredAt: undefined },
    ]);
  });

  test.each([
    [{ pricePerMessage: 1.5e-3 }, 2, "0.0030"],
    [{ pricePerMessage: 12 }, 4, "48"],
    [{ pricePerMessage: 0 }, 2, "0"],
    [{ pricePerMessage: "-0.5" }, 3, "-1.5"],
    [{}, 1, undefined],
    ["0.01", 1, undefined],
  ])("the price %o of %i parts is %s", (price, messageCount, cost) => {
    expect(receiptsOf({ results: [{ ...row, price, messageCount }] })).toMatchObject([{ cost }]);
  });

  test("a report of Qikli may have money that no float holds", () => {
    const body = `{"results":[{"messageId":"m","smsCount":3,"price":{"pricePerMessage":0.1234567890123456789},"status":{"groupId":3}}]}`;
    expect(parse(body)).toMatchObject({ receipts: [{ cost: "0.3703703670370370367" }] });
  });

  test.each([
    ["2015-02-12T09:58:20.337+0100", undefined, "2015-02-12T08:58:20.337Z"],
    ["2015-02-12T09:58:20.337+01:00", undefined, "2015-02-12T08:58:20.337Z"],
    ["2015-02-12T08:58:20.337Z", undefined, "2015-02-12T08:58:20.337Z"],
    ["2015-02-12T08:58:20Z", undefined, "2015-02-12T08:58:20.000Z"],
    ["2015-02-12T04:28:20-0430", undefined, "2015-02-12T08:58:20.000Z"],
    ["", "2015-02-12T09:58:20.323+0100", "2015-02-12T08:58:20.323Z"],
    ["2015-02-12T09:58:20.337+0100", "2015-02-12T09:58:20.323+0100", "2015-02-12T08:58:20.337Z"],
  ])("a report of Qikli done at %j and sent at %j has the better time", (doneAt, sentAt, instant) => {
    expect(receiptsOf({ results: [{ ...row, doneAt, sentAt }] })).toMatchObject([
      { occurredAt: new Date(instant) },
    ]);
  });

  test("the times in Qikli's reports without an offset are in the zone of the connection", () => {
    const body = JSON.stringify({ results: [{ ...row, doneAt: "2015-02-12T09:58:20" }] });
    const reading = qikli.parseCallback(body, { ...settings, timeZone: "Europe/Kyiv" });
    expect(reading).toMatchObject({ receipts: [{ occurredAt: new Date("2015-02-12T07:58:20Z") }] });
  });

  test("the report of a rejected duplicate does not end the message", () => {
    const [receipt] = receiptsOf({ results: [{ ...row, status: duplicate }] });
    expect(receipt).toMatchObject({ status: "SUBMITTED", providerStatus: "REJECTED_DUPLICATE_MESSAGE_ID" });
    expect(receipt?.failure).toBeUndefined();
  });
});

describe("what is no report", () => {
  test.each([
    "{}",
    "null",
    "1",
    '"results"',
    '{"results":[{}]}',
    '{"results":"none"}',
    "<html><body>OK</body></html>",
    "<html/>",
    "<!DOCTYPE html><html></html>",
    fixture("error.401.json"),
    fixture("send.200.json"),
  ])("a body that is no report of Qikli is unreadable: %s", (body) =>
    expect(parse(body)).toMatchObject({ kind: "unreadable" }),
  );

  test.each([
    "",
    " ",
    "results=1",
    "<results>",
    "{'results':[]}",
    '{"results":[{"messageId":"m"',
    "<a/><b/>",
  ])("a body that is no report of Qikli is malformed: %s", (body) =>
    expect(parse(body)).toMatchObject({ kind: "malformed" }),
  );

  test("a body with entities is malformed for Qikli, however they come", () => {
    const bomb =
      '<!DOCTYPE r [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><results><messageId>&b;</messageId></results>';
    expect(parse(bomb)).toMatchObject({ kind: "malformed" });
    expect(parse('<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>')).toMatchObject({ kind: "malformed" });
  });

  test("a body for Qikli may be nested deeper than the stack", () => {
    expect(parse("[".repeat(100_000) + "]".repeat(100_000)).kind).not.toBe("receipts");
    expect(parse('{"results":'.repeat(5_000) + "1" + "}".repeat(5_000)).kind).not.toBe("receipts");
    expect(parse("<results>".repeat(5_000) + "</results>".repeat(5_000)).kind).not.toBe("receipts");
  });
});

describe("no body breaks the reader", () => {
  const field = constantFrom(
    "messageId",
    "status",
    "error",
    "price",
    "doneAt",
    "smsCount",
    "mccMnc",
    "bulkId",
  );

  test("no text breaks the reader of Qikli's callbacks, well-formed or not", () => {
    const unit = integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    assert(property(string({ unit }), isRead));
    assert(property(string(), isRead));
  });

  test("no bytes break the reader of Qikli's callbacks", () =>
    assert(property(uint8Array(), (bytes) => isRead(new TextDecoder().decode(bytes)))));

  test("any JSON, and any JSON where a list, a row or a field belongs", () => {
    const start = '"messageId":"m","status":{"groupId":3}';
    assert(
      property(field, anyJson(), (key, value) =>
        [
          value,
          `{"results":${value}}`,
          `{"results":[${value}]}`,
          `{"results":[{${start},"${key}":${value}}]}`,
        ].every(isRead),
      ),
    );
  });

  test("any elements", () => {
    const piece = constantFrom(
      "<results>",
      "</results>",
      "<messageId>",
      "</messageId>",
      "<status>",
      "</status>",
      "<groupId>3</groupId>",
      "&amp;",
      "&#0;",
      "m",
      "<![CDATA[",
      "]]>",
      "<!--",
      "-->",
      '<a b="c"/>',
      "<__proto__>",
      "</__proto__>",
    );
    assert(
      property(array(piece), (pieces) => isRead(pieces.join("")) && isRead(`<r>${pieces.join("")}</r>`)),
    );
  });

  test.each(["reports.200.json", "reports.200.xml", "send.200.json", "error.401.xml"])(
    "no recorded report of Qikli, %s, breaks the reader when it is cut or changed anywhere",
    (name) => {
      const printed = fixture(name);
      for (let at = 0; at < printed.length; at++) {
        expect(isRead(printed.slice(0, at))).toBe(true);
        expect(isRead(`${printed.slice(0, at)}"${printed.slice(at + 1)}`)).toBe(true);
      }
    },
  );

  // Time that grows with the square of the length would not end within the limit of a test.
  test("a body of many thousand pieces is read to its end", () => {
    const hostile = ["<a>", "<", "&", '{"results":', '["', "<results/>", "<!--"].map((part) =>
      part.repeat(100_000),
    );
    for (const body of hostile) expect(isRead(body)).toBe(true);
  });
});

/** The other readers of the same bodies must not throw either. */
function isRead(body: string): boolean {
  const document = readDocument(body);
  isEmptySet(document);
  readMessages(document);
  readRefusal(document);
  return ["receipts", "unreadable", "malformed"].includes(parse(body).kind);
}
