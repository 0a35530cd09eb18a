import { assert, double, integer, json, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { sameNetwork, tikosms } from "../../src/providers/tikosms/index.ts";
import { readEndDate } from "../../src/providers/tikosms/dates.ts";
import { failureOf, readStatus } from "../../src/providers/tikosms/status.ts";
import * as wire from "../../src/providers/tikosms/wire.ts";
import { readDate } from "../../src/providers/wire/dates.ts";
import { readDecimal } from "../../src/providers/wire/fields.ts";
import { readJson } from "../../src/providers/wire/json.ts";

describe("status words", () => {
  test.each([
    ["SENT", "SENT"],
    ["DELIVRD", "DELIVERED"],
    ["UNDELIV", "UNDELIVERED"],
    ["EXPIRED", "EXPIRED"],
    ["REJECTD", "REJECTED"],
    ["UNKNOWN", "UNKNOWN"],
    ["DELIVERED", "DELIVERED"],
    ["ACCEPTD", "SENT"],
    ["ENROUTE", "SENT"],
    ["QUEUED", "SUBMITTED"],
    ["PENDING", "SUBMITTED"],
    ["SCHEDULED", "SUBMITTED"],
    ["DELETED", "CANCELLED"],
    ["CANCELED", "CANCELLED"],
    ["FAILED", "FAILED"],
    ["delivrd", "DELIVERED"],
    [" Undeliv\n", "UNDELIVERED"],
    ["", "UNKNOWN"],
    ["TELEPORTED", "UNKNOWN"],
    ["constructor", "UNKNOWN"],
    ["__proto__", "UNKNOWN"],
  ])("the status word %j of TikoSMS means %s", (word, status) => expect(readStatus(word)).toBe(status));

  test("a failure goes with the statuses that are one, and with no other", () => {
    expect(failureOf("UNDELIVERED")).toMatchObject({ code: "undelivered", permanent: false });
    expect(failureOf("EXPIRED")).toMatchObject({ code: "expired", permanent: false });
    expect(failureOf("REJECTED")).toMatchObject({ code: "rejected_by_carrier", permanent: true });
    expect(failureOf("FAILED")).toMatchObject({ code: "failed", permanent: false });
    for (const status of ["SUBMITTED", "SENT", "DELIVERED", "CANCELLED", "UNKNOWN"] as const) {
      expect(failureOf(status)).toBeUndefined();
    }
  });
});

describe("dates", () => {
  test.each([
    ["2025.07.03 13:34:34", "2025-07-03T13:34:34.000Z"],
    ["2025-08-06 15:32:18", "2025-08-06T15:32:18.000Z"],
    ["2025-08-06T15:33:45.123", "2025-08-06T15:33:45.123Z"],
    ["2025-08-11T13:12:34.000000Z", "2025-08-11T13:12:34.000Z"],
    ["2025-08-11T13:12:34.987654Z", "2025-08-11T13:12:34.987Z"],
    ["2025-08-11T13:12:34+03:00", "2025-08-11T10:12:34.000Z"],
    ["2025-08-11 13:12:34.5 -0430", "2025-08-11T17:42:34.500Z"],
    [" 2024-02-29 00:00:00 ", "2024-02-29T00:00:00.000Z"],
  ])("the date %j is read", (printed, instant) =>
    expect(readDate(printed, "UTC")?.toISOString()).toBe(instant),
  );

  test.each([
    undefined,
    "",
    "now",
    "2025-02-29 00:00:00",
    "2025-13-01 00:00:00",
    "2025-01-01 25:00:00",
    "0000-00-00 00:00:00",
    "1969-12-31 23:59:59",
    "2025-08-06",
    "1754487138",
    "2025-08-11T13:12:34+99:00",
    "2025-08-11T13:12:34.0000000000Z",
  ])("the text %j is no date", (printed) => expect(readDate(printed, "UTC")).toBeUndefined());

  test.each([
    ["summer", "2025-08-06 15:32:18", "2025-08-06T12:32:18.000Z"],
    ["winter", "2025-12-06 15:32:18", "2025-12-06T13:32:18.000Z"],
    ["the hour skipped in spring", "2025-03-30 03:30:00", "2025-03-30T01:30:00.000Z"],
    ["the first of two in autumn", "2025-10-26 03:30:00", "2025-10-26T00:30:00.000Z"],
    ["its own offset", "2025-08-06T15:32:18Z", "2025-08-06T15:32:18.000Z"],
  ])("a date in Kyiv is read: %s", (_name, printed, instant) => {
    expect(readDate(printed, "Europe/Kyiv")?.toISOString()).toBe(instant);
  });

  test("the end of a rate is open from 2100 on, in every zone", () => {
    expect(readEndDate("2100-01-01 00:00:00", "Asia/Tokyo")).toBeUndefined();
    expect(readEndDate("2100.01.01 00:00:00", "UTC")).toBeUndefined();
    expect(readEndDate(undefined, "UTC")).toBeUndefined();
    expect(readEndDate("2099-12-31 23:59:59", "UTC")).toEqual(new Date("2099-12-31T23:59:59Z"));
  });

  test("no text throws, and every date is one", () => {
    assert(property(string(), (text) => !Number.isNaN(readDate(text, "UTC")?.getTime() ?? 0)));
  });
});

describe("decimals", () => {
  test.each([
    ["634.9288", "634.9288"],
    ["0.045", "0.045"],
    ["0.045000", "0.045000"],
    ["1E-3", "0.001"],
    ["1e-03", "0.001"],
    ["-12.5e1", "-125"],
    ["1.25E+4", "12500"],
    ["1234.5e-2", "12.345"],
    ["+7", "7"],
    ["007.10", "7.10"],
    [" 0.050 ", "0.050"],
    ["0", "0"],
  ])("the decimal %j is %s", (literal, decimal) => expect(readDecimal(literal)).toBe(decimal));

  test.each([
    "",
    "-",
    ".5",
    "5.",
    "0,045",
    "1e999",
    "NaN",
    "Infinity",
    "0x10",
    "1 000",
    "€5",
    "9".repeat(41),
  ])("the value %j is no decimal", (literal) => expect(readDecimal(literal)).toBeUndefined());

  test("a decimal comes from the literal, never through a float", () => {
    expect(wire.readBalance(readJson('{"balance":634.9288,"in_credit_limit":"1000"}'))).toMatchObject({
      balance: "634.9288",
      in_credit_limit: "1000",
    });
    expect(wire.readBalance(readJson('{"balance":90071992547409930.10}'))).toMatchObject({
      balance: "90071992547409930.10",
    });
  });

  test("a decimal has the value of the number it was printed from", () => {
    const range = { noNaN: true, noDefaultInfinity: true, min: -1e20, max: 1e20 };
    assert(
      property(double(range), (value) => {
        const decimal = readDecimal(`${value}`);
        return decimal === undefined ? Math.abs(value) < 1e-39 : Number(decimal) === value;
      }),
    );
    assert(property(integer(), (value) => readDecimal(`${value}`) === `${value}`));
  });
});

describe("networks", () => {
  test.each([
    ["25501", "255001", true],
    ["25501", " 25501 ", true],
    ["255", "255", true],
    ["255", "25500", false],
    ["25501", "25502", false],
    ["25501", "25601", false],
    ["310010", "31010", true],
    ["", "255", false],
  ])("the network codes %j and %j are compared: %s", (one, other, same) => {
    expect(sameNetwork(one, other)).toBe(same);
    expect(sameNetwork(other, one)).toBe(same);
  });
});

describe("settings", () => {
  const good = { baseUrl: "https://api.tikosms.com", apiToken: "12|abcDEF" };

  test("the zone is UTC unless said otherwise", () => {
    expect(tikosms.settings.parse(good)).toEqual({ ...good, timeZone: "UTC" });
    expect(tikosms.settings.parse({ ...good, timeZone: "Europe/Kyiv" }).timeZone).toBe("Europe/Kyiv");
  });

  test("the token is secret, and nothing else", () => expect(tikosms.secretKeys).toEqual(["apiToken"]));

  test.each([
    { baseUrl: "api.tikosms.com" },
    { baseUrl: "ftp://api.tikosms.com" },
    { baseUrl: "https://user:password@api.tikosms.com" },
    { baseUrl: "https://api.tikosms.com?token=1" },
    { apiToken: "" },
    { apiToken: "two words" },
    { apiToken: "line\nbreak" },
    { timeZone: "Kyiv" },
  ])("the settings of TikoSMS are refused: %o", (fault) =>
    expect(tikosms.settings.safeParse({ ...good, ...fault }).success).toBe(false),
  );
});

describe("senders", () => {
  const short = "x".repeat(160);
  const long = "x".repeat(161);

  test.each([
    ["A", short],
    ["A".repeat(15), short],
    ["A".repeat(16), long],
    ["380501234567", short],
    ["😀".repeat(15), "😀".repeat(160)],
  ])("the sender ID %j may be used with TikoSMS", (sender, text) =>
    expect(tikosms.senderProblem(sender, text)).toBeUndefined(),
  );

  test.each([
    ["", short, "empty"],
    ["  ", short, "empty"],
    ["A".repeat(16), short, "15 characters"],
    ["A".repeat(17), long, "16 characters"],
    ["A\nB", short, "control"],
    ["A\u0085B", long, "control"],
  ])("the sender ID %j may not be used with TikoSMS", (sender, text, problem) =>
    expect(tikosms.senderProblem(sender, text)).toContain(problem),
  );
});

test("no JSON breaks a reader", () => {
  const readers = [
    wire.readEnvelope,
    wire.readSubmitReply,
    wire.readReport,
    wire.readBalance,
    wire.readReports,
    wire.readCampaigns,
    wire.readRates,
  ];
  const keys = ["data", "campaigns", "rate", "errors", "success", "error"];
  assert(
    property(json(), (text) => {
      for (const read of readers) {
        read(readJson(text));
        for (const key of keys) read(readJson(`{"${key}":${text}}`));
      }
    }),
  );
});
