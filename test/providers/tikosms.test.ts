import { describe, expect, test } from "vitest";
import { testProblems } from "./adapter-tests.ts";
import { connect, fixture, json, openClient, submission } from "./tikosms-fixtures.ts";

testProblems({ connect, openClient, submission }, [
  ["401 of Laravel", json({ message: "Unauthenticated." }, 401), "unauthenticated"],
  ["403", json({ error: "Forbidden" }, 403), "refused"],
  ["429", { status: 429 }, "busy"],
  ["503", { status: 503 }, "busy"],
  ["500", json({ message: "Server Error" }, 500), "unreachable"],
  ["302", { status: 302, headers: { location: "/login" } }, "refused"],
  ["200 success false", json({ success: false, error: "No" }), "refused"],
  ["404 of the application", json({ success: false, error: "Not found" }, 404), "not_found"],
  ["200 in HTML", { body: "<html>", headers: { "content-type": "text/html" } }, "unreadable"],
  ["200 of something else", json({ success: true }), "unreadable"],
  ["200 with money that is none", json({ balance: "much", currency_code: "EUR" }), "unreadable"],
  ["200 with no currency", json({ balance: 1, currency_code: "" }), "unreadable"],
  ["a reset", (response) => response.socket?.resetAndDestroy(), "unreachable"],
]);

describe("the balance", () => {
  test("the balance of TikoSMS is read as documented", async () => {
    const { client, requests } = await connect(() => ({ body: fixture("balance.200.json") }), {
      timeZone: "Europe/Kyiv",
    });
    expect(await client.balance()).toEqual({
      ok: true,
      value: {
        amount: "634.9288",
        currency: "EUR",
        creditLimit: "1000",
        providerUpdatedAt: new Date("2025-07-03T10:34:34Z"),
      },
    });
    expect(await client.check()).toEqual({ ok: true, value: { detail: "balance 634.9288 EUR" } });
    expect(requests.map((seen) => `${seen.method} ${seen.path}`)).toEqual([
      "GET /v1/balance",
      "GET /v1/balance",
    ]);
  });
});

describe("rates", () => {
  const rate = {
    mcc: "255",
    mnc: "001",
    country: "Ukraine",
    price: "0.045000",
    validFrom: new Date("2025-08-01T00:00:00Z"),
    validUntil: undefined,
  };
  const printed = JSON.parse(fixture("sms-rates.200.json")).rate;

  test("the rates of TikoSMS are read as documented", async () => {
    const { client, requests } = await connect(() => ({ body: fixture("sms-rates.200.json") }));
    expect(await client.rates({ mccmnc: "255001", country: "Ukraine" })).toEqual({ ok: true, value: [rate] });
    expect(await client.rates({ mccmnc: "255" })).toMatchObject({ ok: true });
    expect(await client.rates({ mccmnc: "25501" })).toMatchObject({ ok: true });
    expect(requests.map((seen) => seen.query)).toEqual([
      { mccmnc: "255001", country: "Ukraine" },
      { mccmnc: "255" },
      // Three digits of network code, however they are given.
      { mccmnc: "255001" },
    ]);
  });

  test("the rates of TikoSMS may be none", async () => {
    const { client } = await connect(() => ({ status: 404, body: fixture("sms-rates.404.json") }));
    expect(await client.rates({ mccmnc: "999" })).toEqual({ ok: true, value: [] });
  });

  test("the rates of TikoSMS may be several, sparse, and in part unreadable", async () => {
    const list = [
      printed,
      { mccmnc: "25503", rate: 4.5e-2, rate_end_date: "2026-01-01 00:00:00" },
      { mcc: "255", rate: 1 },
      1,
      { mcc: "255" },
    ];
    const { client } = await connect(() => json({ success: true, rate: list }));
    expect(await client.rates({ mccmnc: "255" })).toMatchObject({
      value: [
        rate,
        { mcc: "255", mnc: "03", price: "0.045", validUntil: new Date("2026-01-01T00:00:00Z") },
        { mcc: "255", mnc: undefined, price: "1" },
      ],
    });
  });

  test("the rates of TikoSMS are a problem when not one is readable, and none when the list is empty", async () => {
    const odd = await connect(() => json({ success: true, rate: [{ mcc: "255" }] }));
    expect(await odd.client.rates({ mccmnc: "255" })).toMatchObject({ problem: { kind: "unreadable" } });
    const none = await connect(() => json({ success: true, rate: [] }));
    expect(await none.client.rates({ mccmnc: "255" })).toEqual({ ok: true, value: [] });
  });
});
