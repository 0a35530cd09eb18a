import { array, assert, json as anyJson, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { readDisplayNumber } from "../../src/providers/tonkra/account.ts";
import { tonkra } from "../../src/providers/tonkra/index.ts";
import { contentRefusal, namedRefusal, speaksOfGateway } from "../../src/providers/tonkra/refusal.ts";
import { readFailure, readStatus } from "../../src/providers/tonkra/status.ts";
import { outcomeOf } from "../../src/providers/tonkra/submit.ts";
import { readVerdicts } from "../../src/providers/tonkra/verdicts.ts";
import * as wire from "../../src/providers/tonkra/wire.ts";
import { readDate, writeDate } from "../../src/providers/wire/dates.ts";
import { readJson, readLenientJson } from "../../src/providers/wire/json.ts";
import { fixture } from "./tonkra-fixtures.ts";

describe("status words", () => {
  test.each([
    ["Delivered", "DELIVERED"],
    ["Delivered|5f1a2b3c", "DELIVERED"],
    ["Failed", "FAILED"],
    ["Undelivered", "UNDELIVERED"],
    ["UNDELIV", "UNDELIVERED"],
    ["undelivered", "UNDELIVERED"],
    ["Expired", "EXPIRED"],
    ["Rejected", "REJECTED"],
    ["REJECTD", "REJECTED"],
    ["Invalid", "REJECTED"],
    ["Skipped", "REJECTED"],
    ["Pending", "SUBMITTED"],
    ["Queued", "SUBMITTED"],
    ["Scheduled", "SUBMITTED"],
    ["Accepted", "SENT"],
    ["Enroute", "SENT"],
    ["Sent", "SENT"],
    ["Unknown", "UNKNOWN"],
    ["DELIVRD", "DELIVERED"],
    ["ACCEPTD", "SENT"],
    [" delivered \n", "DELIVERED"],
    ["Message not delivered", "UNDELIVERED"],
    ["Undeliverable|gw", "UNDELIVERED"],
    ["Cannot deliver", "UNDELIVERED"],
    ["Delivery unsuccessful", "UNDELIVERED"],
    ["It couldn't be delivered", "UNDELIVERED"],
    ["Delivered to handset", "UNKNOWN"],
    ["Unknown delivery state", "UNKNOWN"],
    ["cURL error 28: Operation timed out", "UNKNOWN"],
    ["", "UNKNOWN"],
    ["|", "UNKNOWN"],
    ["constructor", "UNKNOWN"],
    ["__proto__", "UNKNOWN"],
  ])("Tonkra's status word %j means %s", (word, status) => expect(readStatus(word)).toBe(status));

  test.each([
    ["Undelivered", { code: "undelivered", permanent: false }],
    ["Expired", { code: "expired", permanent: false }],
    ["Rejected", { code: "rejected_by_carrier", permanent: true }],
    ["Failed|gw", { code: "failed", text: "Tonkra failed to send the message." }],
    [" skipped ", { code: "skipped", permanent: false }],
    ["Not delivered:\nabsent", { code: "undelivered", text: "Not delivered: absent" }],
  ])("Tonkra's status word %j fails as %o", (word, failure) =>
    expect(readFailure(word)).toMatchObject(failure),
  );

  test.each(["Delivered", "Sent", "Pending", "Unknown", "whatever", ""])(
    "Tonkra's status word %j is no failure",
    (word) => {
      expect(readFailure(word)).toBeUndefined();
    },
  );
});

describe("refusals", () => {
  test.each([
    "Failed",
    "failed|x",
    "Request timed out",
    "Gateway timeout",
    "cURL error 7",
    "Exception",
    "Connection reset",
  ])("the refusal %j of Tonkra may hide a message that was sent", (text) =>
    expect(speaksOfGateway(text)).toBe(true),
  );

  test.each(["The number is invalid", "You have no units", "Sender is not allowed", ""])(
    "the refusal %j of Tonkra hides no message that was sent",
    (text) => expect(speaksOfGateway(text)).toBe(false),
  );

  test("a text without a hint is not understood", () => {
    expect(namedRefusal("Nem sikerült")).toBeUndefined();
    expect(contentRefusal("The number is invalid")).toBeUndefined();
  });
});

describe("numbers for display", () => {
  test.each([
    ["4,250", "4250"],
    ["₦4,250.50", "4250.50"],
    ["12.50", "12.50"],
    ["12,5", "12.5"],
    ["4.250", "4250"],
    ["1.234.567,89", "1234567.89"],
    ["1,234,567", "1234567"],
    ["4 250", "4250"],
    ["4'250.00 CHF", "4250.00"],
    ["Rs. 50", "50"],
    ["SMS 4250 units", "4250"],
    ["-12.50", "-12.50"],
    ["-₦5", "-5"],
    ["Pay-as-you-go 500", "500"],
    ["0", "0"],
    ["0.125", "0.125"],
    ["007", "7"],
    ["4,25", "4.25"],
  ])("the number for display %j is %s", (printed, number) => expect(readDisplayNumber(printed)).toBe(number));

  test.each(["", "Unlimited", "Unbegrenzt", "-", ".", "9".repeat(41), `x${" ".repeat(1_000_000)}x`])(
    "the text %j is no number for display",
    (printed) => {
      expect(readDisplayNumber(printed)).toBeUndefined();
    },
  );

  test("numbers for display are exact decimals, whatever was printed", () => {
    assert(property(string(), (text) => /^(-?\d+(\.\d+)?)?$/.test(readDisplayNumber(text) ?? "")));
  });
});

describe("the answer to several numbers", () => {
  const several = readJson(fixture("real.send.several.200.json"));
  const { recipient } = JSON.parse(fixture("send.several.request.json"));
  const numbers = String(recipient).split(",");

  test("the answer of Tonkra to several numbers has a verdict for each", () => {
    expect(Object.fromEntries(readVerdicts(several, numbers))).toEqual({
      "31612345678": { kind: "taken", uid: "61536aa9cab81" },
      "880172145789": { kind: "refused" },
    });
  });

  test("duplicates in Tonkra's answer to several numbers collapse into the first row", () => {
    const json = { data: ["a", "b"].map((uid) => ({ uid, to: "+31 612345678" })) };
    expect(Object.fromEntries(readVerdicts(json, numbers))).toMatchObject({
      "31612345678": { kind: "taken", uid: "a" },
    });
  });

  test.each([
    ["scheduled", readJson(fixture("real.send.scheduled.200.json"))],
    ["the placeholder", readLenientJson(fixture("send.200.unrendered.txt"))],
    ["one row for two numbers", { data: { uid: "a" } }],
    ["rows of others", { data: [{ uid: "a", to: "1" }] }],
    ["nothing", undefined],
  ])("the answer of Tonkra to several numbers leaves all open: %s", (_name, json) => {
    expect([...readVerdicts(json, numbers).values()]).toEqual([{ kind: "unclear" }, { kind: "unclear" }]);
  });
});

describe("the examples of the documentation", () => {
  test.each([
    ["send.200", "sms reports with all details"],
    ["view.200", "sms data with all details"],
  ])("the example %s of Tonkra's documentation is a success without anything in it", (name, placeholder) => {
    const json = readLenientJson(fixture(`${name}.unrendered.txt`));
    expect(json).toEqual({ status: "success", data: placeholder });
    expect(wire.readPage(json)).toEqual({ rows: [], size: 0, isLast: true });
  });

  test("the list, too", () => {
    expect(readLenientJson(fixture("list.200.printed.txt"))).toMatchObject({ status: "success" });
  });

  test.each([
    ["send.request", "send.request.json"],
    ["send.several.request", "send.several.request.json"],
    ["send.200", "send.200.json"],
    ["error", "error.json"],
  ])("the example %s of Tonkra's documentation is no JSON as its page prints it", (printed, repaired) => {
    expect(readJson(fixture(`${printed}.printed.txt`))).toBeUndefined();
    expect(readJson(fixture(repaired))).toBeInstanceOf(Object);
  });

  test("the address of a send by GET is cut off", () => {
    const { searchParams } = new URL(fixture("send.get.printed.txt").trim());
    const { recipient, sender_id } = JSON.parse(fixture("send.request.json"));
    expect(Object.fromEntries(searchParams)).toEqual({ recipient, sender_id, m: "" });
  });
});

describe("settings", () => {
  const good = { baseUrl: "https://sms.tonkra.com", apiToken: "255|8VYqMvpp" };

  test("the settings of Tonkra have the documented API and UTC unless said otherwise", () => {
    expect(tonkra.settings.parse(good)).toEqual({ ...good, timeZone: "UTC", api: "HTTP" });
    const said = { ...good, timeZone: "Africa/Lagos", api: "V3" };
    expect(tonkra.settings.parse(said)).toEqual(said);
  });

  test("the token is secret, and nothing else", () => expect(tonkra.secretKeys).toEqual(["apiToken"]));

  test.each([
    { baseUrl: "sms.tonkra.com" },
    { baseUrl: "ftp://sms.tonkra.com" },
    { baseUrl: "https://sms.tonkra.com?api_token=1" },
    { apiToken: "" },
    { apiToken: "two words" },
    { timeZone: "Lagos" },
    { api: "V2" },
  ])("the settings of Tonkra are refused: %o", (fault) =>
    expect(tonkra.settings.safeParse({ ...good, ...fault }).success).toBe(false),
  );
});

describe("senders", () => {
  test.each(["YourName", "A".repeat(11), "My Shop 24", "31612345678", "+31612345678", "1".repeat(15)])(
    "the sender ID %j may be used with Tonkra",
    (sender) => expect(tonkra.senderProblem(sender)).toBeUndefined(),
  );

  test.each([
    ["", "empty"],
    ["  ", "empty"],
    ["A".repeat(12), "11 characters"],
    ["1".repeat(16), "15"],
    ["A\nB", "ASCII"],
    ["Prìma", "ASCII"],
  ])("the sender ID %j may not be used with Tonkra", (sender, problem) =>
    expect(tonkra.senderProblem(sender)).toContain(problem),
  );
});

test("the capabilities of Tonkra are what its documentation says", () => {
  expect(tonkra).toMatchObject({
    kind: "TONKRA",
    title: "Tonkra",
    documentedBaseUrl: "https://sms.tonkra.com",
    capabilities: {
      receipts: "POLL",
      scheduling: false,
      dltTemplates: true,
      balance: true,
      rates: false,
      bulkSize: 100,
    },
    revisable: { status: "DELIVERED", by: ["UNDELIVERED", "EXPIRED", "FAILED", "REJECTED"], withinHours: 72 },
  });
});

describe("callbacks do not exist", () => {
  test.each([
    [fixture("real.view.200.json"), "unreadable"],
    ["{}", "unreadable"],
    ["<html>", "malformed"],
    ["", "malformed"],
  ])("a callback to Tonkra is not trusted: %j is %s", (body, kind) => {
    expect(tonkra.parseCallback(body)).toEqual({ kind, reason: expect.stringMatching(/\w/) });
  });

  test("a callback to Tonkra is not trusted, whatever is posted", () => {
    assert(property(string(), (body) => tonkra.parseCallback(body).kind !== "receipts"));
  });
});

test("the times of Tonkra are written as they are read", () => {
  const date = new Date("2025-05-29T16:07:41.900Z");
  expect(writeDate(date, "Africa/Lagos")).toBe("2025-05-29 17:07:41");
  expect(readDate(writeDate(date, "Africa/Lagos"), "Africa/Lagos")).toEqual(new Date("2025-05-29T16:07:41Z"));
});

test("no JSON breaks a reader", () => {
  const readers = [wire.readEnvelope, wire.readRow, wire.readPage, wire.readBalance, wire.readProfile];
  const keys = ["data", "status", "message", "current_page", "uid"];
  assert(
    property(anyJson(), array(string()), (text, numbers) => {
      for (const body of [text, ...keys.map((key) => `{"${key}":${text}}`), `{"data":{"data":${text}}}`]) {
        const value = readJson(body);
        for (const read of readers) read(value);
        readVerdicts(value, numbers);
        for (const verdict of ["success", "error", undefined] as const) {
          const answer = {
            kind: "answer",
            status: 200,
            json: value,
            verdict,
            message: text,
            errorText: text,
          } as const;
          outcomeOf(answer, "31612345678");
        }
      }
    }),
  );
});

test("no status word breaks its reader", () => {
  assert(
    property(string(), (word) => {
      readFailure(word);
      return readStatus(word) !== undefined;
    }),
  );
});
