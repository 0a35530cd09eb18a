import { assert, constantFrom, json, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { telekom } from "../../src/providers/telekom/index.ts";
import { failureOf, readStatus } from "../../src/providers/telekom/status.ts";
import * as wire from "../../src/providers/telekom/wire.ts";
import { fixture } from "./telekom-fixtures.ts";

describe("status words", () => {
  test.each([
    ["UNSENT", "SUBMITTED"],
    ["SCHEDULED", "SUBMITTED"],
    ["QUEUED", "SUBMITTED"],
    ["SENDING", "SUBMITTED"],
    ["SENT", "SENT"],
    ["DELIVERED", "DELIVERED"],
    ["EXPIRED", "EXPIRED"],
    ["DELETED", "CANCELLED"],
    ["UNDELIVERABLE", "UNDELIVERED"],
    ["DENIED", "REJECTED"],
    ["IN_GROUP", "SUBMITTED"],
    ["READ", "READ"],
    ["PROCESSING", "SUBMITTED"],
    // The system tries again: not final.
    ["ERROR", "SUBMITTED"],
    ["UNKNOWN", "UNKNOWN"],
    ["BLACKLISTED", "REJECTED"],
    [" delivered\n", "DELIVERED"],
    ["Delivered", "DELIVERED"],
    ["4", "UNKNOWN"],
    ["", "UNKNOWN"],
    ["__proto__", "UNKNOWN"],
    ["constructor", "UNKNOWN"],
  ])("Telekom's status word %j means %s", (word, status) => expect(readStatus(word)).toBe(status));

  test("an error that is not final is no failure", () =>
    expect(failureOf(readStatus("ERROR"))).toBeUndefined());
});

describe("verdicts", () => {
  test.each<[object, string | undefined]>([
    [{ status: "success", code: "OK" }, "success"],
    [{ status: "SUCCESS" }, "success"],
    [{ code: "ok" }, "success"],
    [{ status: "error", code: "X" }, "error"],
    [{ status: "error" }, "error"],
    [{ code: "X" }, "error"],
    [{ status: "success", code: "X" }, "unclear"],
    [{ status: "error", code: "OK" }, "unclear"],
    [{ status: "accepted" }, "unclear"],
    [{ status: "", code: "" }, undefined],
  ])("the verdict of Telekom in %o is read: %s", (result, outcome) =>
    expect(wire.readVerdict({ result })).toMatchObject({ outcome }),
  );

  test.each([undefined, null, 1, "OK", [], {}, { result: "OK" }, { result: [] }])(
    "there is no verdict of Telekom in %j",
    (content) => expect(wire.readVerdict(content)).toBeUndefined(),
  );

  test.each(["auth", "ping", "send_message", "check_message", "sms-groups", "check_phone_number"])(
    "the answer of Telekom (%s) says the same in both formats",
    (name) => {
      for (const kind of ["200", "error"]) {
        const [inJson, inXml] = ["json", "xml"].map((format) =>
          wire.readContent(fixture(`${name}.${kind}.${format}`)),
        );
        expect(wire.readVerdict(inJson)).toEqual(wire.readVerdict(inXml));
        expect(wire.readVerdict(inJson)?.outcome).toBe(kind === "200" ? "success" : "error");
        expect(wire.readEntries(inJson)).toEqual(wire.readEntries(inXml));
      }
    },
  );
});

describe("settings", () => {
  const good = { baseUrl: telekom.documentedBaseUrl, token: "t" };

  test("the settings of Telekom have defaults", () => {
    const defaults = { timeZone: "Europe/Bratislava", format: "JSON", useSession: false, preferRcs: false };
    expect(telekom.settings.parse(good)).toEqual({ ...good, ...defaults });
    const other = { ...good, timeZone: "UTC", format: "XML", useSession: true, preferRcs: true };
    expect(telekom.settings.parse(other)).toEqual(other);
    expect(telekom.secretKeys).toEqual(["token"]);
  });

  test.each([
    { baseUrl: "smsapi.telekom.sk" },
    { baseUrl: "https://user:password@smsapi.telekom.sk" },
    { token: "" },
    { token: "two words" },
    { timeZone: "Bratislava" },
    { format: "CSV" },
    { useSession: "yes" },
  ])("the settings of Telekom are refused: %o", (fault) =>
    expect(telekom.settings.safeParse({ ...good, ...fault }).success).toBe(false),
  );
});

test("capabilities are what the documentation has", () => {
  expect(telekom.capabilities).toMatchObject({
    receipts: "CALLBACK",
    flash: true,
    priority: true,
    longestValidityMinutes: 1440,
    unicodeControl: true,
    cadenceGroups: true,
    numberLookup: true,
    inbound: "CALLBACK",
    balance: false,
    rates: false,
  });
});

describe("senders", () => {
  test.each(["A", "MyBrand 123", "421901234567", "+421901234567", "123456789012345"])(
    "the sender ID %j may be used with Telekom",
    (sender) => expect(telekom.senderProblem(sender)).toBeUndefined(),
  );

  test.each([
    ["", "empty"],
    [" ", "empty"],
    ["A\nB", "control"],
    ["MyBrand 1234", "11 characters"],
    ["1234567890123456", "15 digits"],
  ])("the sender ID %j may not be used with Telekom", (sender, problem) =>
    expect(telekom.senderProblem(sender)).toContain(problem),
  );
});

describe("no content breaks a reader", () => {
  const readers = [
    wire.readVerdict,
    wire.readSessionId,
    wire.readEntries,
    wire.readCheck,
    wire.readNumberCheck,
    wire.readGroups,
    wire.readReport,
  ];
  const readAll = (text: string): void => {
    const content = wire.readContent(text);
    for (const read of readers) read(content);
  };
  const names = [
    "result",
    "messages",
    "message",
    "groups",
    "number",
    "phone_number",
    "delivery",
    "@id",
    "__proto__",
  ];

  test("no JSON breaks a reader of Telekom's answers", () => {
    assert(
      property(json(), constantFrom(...names), constantFrom(...names), (value, outer, inner) => {
        readAll(value);
        readAll(`{"${outer}":${value}}`);
        readAll(`{"${outer}":{"${inner}":${value}}}`);
      }),
    );
  });

  test("no XML breaks a reader of Telekom's answers", () => {
    const name = constantFrom(...names.filter((one) => !one.startsWith("@")));
    assert(
      property(string(), name, name, (value, outer, inner) => {
        readAll(`<response>${value}</response>`);
        readAll(
          `<response><${outer} a="${value}"><${inner}>${value}</${inner}><${inner}/></${outer}></response>`,
        );
      }),
    );
  });

  test.each(["send_message.200.json", "send_message.partial.xml", "sms-groups.200.xml"])(
    "the documented body %s of Telekom breaks no reader when it is cut anywhere",
    (name) => {
      const printed = fixture(name);
      for (let at = 0; at < printed.length; at++)
        expect(() => readAll(printed.slice(0, at)), `cut at ${at}`).not.toThrow();
    },
  );
});
