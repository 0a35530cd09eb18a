import { describe, expect, it } from "vitest";
import { createManualClock } from "./manual-clock.ts";
import { startSandbox } from "./setup.ts";
import { at, call, textAt } from "./tikosms-client.ts";

const uuid = expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
const single = { from: "MySender", message: "Your OTP is 1234", to: "380501234567" };
const bulk = { from: "MyBrand", message: "Big sale today!" };
const numberUnknown =
  "Oops! We couldn't find this number in any country on Earth. Mind giving it another look?";

describe.each(["/v1", "/api/v1"] as const)("the endpoints under %s", (prefix) => {
  it("the TikoSMS sandbox takes a single message and shows it", async () => {
    const clock = createManualClock("2025-08-06T12:35:18.250Z");
    const sandbox = await startSandbox({ clock });
    const body = { ...single, client_ref: "order-123" };
    const submitted = await call(sandbox, "POST", "message", { prefix, body });
    expect(submitted.status).toBe(200);
    expect(submitted.body).toEqual({ success: true, message_id: uuid, campaign_id: uuid });

    const query = { message_id: textAt(submitted.body, "message_id") };
    const found = await call(sandbox, "GET", "get_message", { prefix, query });
    expect(found.status).toBe(200);
    expect(found.body).toEqual({
      success: true,
      data: [
        {
          message_id: query.message_id,
          campaign_id: at(submitted.body, "campaign_id"),
          to: "380501234567",
          message: "Your OTP is 1234",
          from: "MySender",
          sender_type: "Alpha",
          status: "DELIVRD",
          data_coding: 0,
          mccmnc: "25501",
          cost: "0.045",
          part: 1,
          total_parts: 1,
          sent_at: "2025-08-06 12:35:18",
          delivered_at: "2025-08-06 12:35:18",
          client_ref: "order-123",
          callback_url: null,
        },
      ],
    });
  });

  it("the TikoSMS sandbox takes the documentation's bulk request, removes duplicates and lists the campaign", async () => {
    const sandbox = await startSandbox({ clock: createManualClock("2025-08-11T13:12:34.900Z") });
    const recipients = ["380501234567", "380501234568", "380501234567"].map((to) => ({ to }));
    const body = { ...bulk, recipients, callback_url: null, concurrency: 20 };
    const submitted = await call(sandbox, "POST", "messages", { prefix, body });
    expect(submitted.status).toBe(200);
    expect(submitted.body).toEqual({
      success: true,
      campaign_id: uuid,
      recipients: 2,
      duplicates_removed: 1,
    });
    const listed = await call(sandbox, "GET", "get_messages", { prefix });
    expect(listed.body).toEqual({
      success: true,
      campaigns: [
        {
          campaign_id: at(submitted.body, "campaign_id"),
          sender: "MyBrand",
          message: "Big sale today!",
          recipients: 2,
          created_at: "2025-08-11T13:12:34.000000Z",
          updated_at: "2025-08-11T13:12:34.000000Z",
        },
      ],
    });
  });

  it("the TikoSMS sandbox shows the balance and charges it", async () => {
    const sandbox = await startSandbox({ clock: createManualClock("2025-07-03T13:34:34Z") });
    const before = await call(sandbox, "GET", "balance", { prefix });
    expect(before.status).toBe(200);
    expect(before.body).toEqual({
      balance_updated: "2025.07.03 13:34:34",
      currency_code: "EUR",
      balance: 634.9288,
      in_credit_limit: 1000,
    });
    await call(sandbox, "POST", "message", { prefix, body: { ...single, message: "ž".repeat(160) } });
    const after = await call(sandbox, "GET", "balance", { prefix });
    expect(at(after.body, "balance")).toBe(634.7938);
  });

  it("the TikoSMS sandbox shows a rate", async () => {
    const sandbox = await startSandbox();
    const query = { mccmnc: "255001", country: "Ukraine" };
    const shown = await call(sandbox, "GET", "sms-rates", { prefix, query });
    expect(shown.status).toBe(200);
    expect(shown.body).toEqual({
      success: true,
      rate: {
        mcc: "255",
        mnc: "001",
        mccmnc: "255001",
        country: "Ukraine",
        rate: "0.045000",
        rate_start_date: "2025-08-01 00:00:00",
        rate_end_date: "2100-01-01 00:00:00",
      },
    });
    const wholeCountry = await call(sandbox, "GET", "sms-rates", { prefix, query: { mccmnc: "255" } });
    expect(wholeCountry.body).toEqual(shown.body);
  });
});

describe("what a client must send", () => {
  it.each(["message", "messages"])(
    "the TikoSMS sandbox requires a token, JSON and a POST for %s",
    async (name) => {
      const sandbox = await startSandbox();
      const wrongToken = { authorization: "Bearer wrong" };
      const unauthenticated = { status: 401, body: { error: "User not authenticated" } };
      expect(await call(sandbox, "POST", name, { headers: wrongToken })).toMatchObject(unauthenticated);
      const form = {
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: "from=MySender",
      };
      expect(await call(sandbox, "POST", name, form)).toMatchObject({ status: 415 });
      expect(await call(sandbox, "POST", name, { body: "{" })).toMatchObject({ status: 400 });
      expect(await call(sandbox, "GET", name)).toMatchObject({ status: 405, headers: { allow: "POST" } });
    },
  );

  it.each(["get_message", "get_messages", "balance", "sms-rates"])(
    "the TikoSMS sandbox requires a token for %s",
    async (name) => {
      const reply = await call(await startSandbox(), "GET", name, { headers: { authorization: "" } });
      expect(reply).toMatchObject({ status: 401, body: { error: "User not authenticated" } });
    },
  );

  it("the TikoSMS sandbox serves one prefix alone when told to", async () => {
    const sandbox = await startSandbox({ prefix: "/api/v1" });
    expect(await call(sandbox, "GET", "balance", { prefix: "/api/v1" })).toMatchObject({ status: 200 });
    const reply = await call(sandbox, "GET", "balance");
    expect(reply.status).toBe(404);
    expect(reply.body).toEqual({ message: "The route v1/balance could not be found." });
  });

  it("the TikoSMS sandbox names every missing field as Laravel does", async () => {
    const reply = await call(await startSandbox(), "POST", "message", { body: { to: 380501234567 } });
    expect(reply.status).toBe(422);
    expect(reply.body).toEqual({
      success: false,
      error: "The from field is required. (and 2 more errors)",
      message: "The from field is required. (and 2 more errors)",
      errors: {
        from: ["The from field is required."],
        message: ["The message field is required."],
        to: ["The to field must be a string."],
      },
    });
  });

  const longest15 = "The from field must not be greater than 15 characters.";
  const longest16 = "The from field must not be greater than 16 characters.";
  const longest160 = "The message field must not be greater than 160 characters.";
  it.each([
    ["message", { ...single, from: "1234567890123456" }, longest15],
    ["message", { ...single, message: "x".repeat(161) }, longest160],
    ["messages", { ...bulk, from: "12345678901234567", recipients: [{ to: single.to }] }, longest16],
    [
      "messages",
      { ...bulk, message: "x".repeat(39_016), recipients: [{ to: single.to }] },
      "The message field must not be greater than 39015 characters.",
    ],
    ["messages", { ...bulk, recipients: [single.to] }, "The recipients.0 field must be an array."],
    ["messages", { ...bulk, recipients: [{}] }, "The recipients.0.to field is required."],
    ["messages", { ...bulk, recipients: [] }, "The recipients field is required."],
    [
      "messages",
      { ...bulk, recipients: [{ to: single.to }], scheduled_at: "tomorrow" },
      "The scheduled_at field must be a valid date.",
    ],
    [
      "messages",
      { ...bulk, recipients: [{ to: single.to }], scheduled_at: "2025-02-31 10:00:00" },
      "The scheduled_at field must be a valid date.",
    ],
    [
      "messages",
      { ...bulk, recipients: [{ to: single.to }], concurrency: 101 },
      "The concurrency field must not be greater than 100.",
    ],
  ])("the TikoSMS sandbox refuses a faulty %s", async (name, body, message) => {
    const reply = await call(await startSandbox(), "POST", name, { body });
    expect(reply).toMatchObject({ status: 422, body: { success: false, error: message, message } });
  });

  it("the TikoSMS sandbox takes 15, 16 and 160 characters, and counts characters", async () => {
    const sandbox = await startSandbox();
    const longest = { ...single, from: "123456789012345", message: "😀".repeat(160) };
    expect(await call(sandbox, "POST", "message", { body: longest })).toMatchObject({ status: 200 });
    const brand = { ...bulk, from: "1234567890123456", recipients: [{ to: single.to }] };
    expect(await call(sandbox, "POST", "messages", { body: brand })).toMatchObject({ status: 200 });
  });

  it.each(["not a url", "ftp://example.com/callback", "/callback"])(
    "the TikoSMS sandbox refuses the callback URL %s",
    async (url) => {
      const sandbox = await startSandbox();
      const refused = { status: 422, body: { success: false, error: "Invalid callback URL provided" } };
      const to = single.to;
      const requests = [
        call(sandbox, "POST", "message", { body: { ...single, callback_url: url } }),
        call(sandbox, "POST", "messages", { body: { ...bulk, recipients: [{ to }], callback_url: url } }),
        call(sandbox, "POST", "messages", { body: { ...bulk, recipients: [{ to, callback_url: url }] } }),
      ];
      for (const reply of await Promise.all(requests)) expect(reply).toMatchObject(refused);
    },
  );

  it.each(["+380501234567", "1234567", "38050123456x", "0501234567"])(
    "the TikoSMS sandbox finds %s in no country",
    async (to) => {
      const reply = await call(await startSandbox(), "POST", "message", { body: { ...single, to } });
      expect(reply.status).toBe(422);
      expect(reply.body).toEqual({ success: false, error: numberUnknown });
    },
  );

  it("the TikoSMS sandbox answers a body that is too large with 413, also while it is still being sent", async () => {
    const sandbox = await startSandbox({ maxBodyBytes: 1_000 });
    for (const size of [1_001, 5_000_000]) {
      const body = JSON.stringify({ ...single, message: "x".repeat(size) });
      expect(await call(sandbox, "POST", "message", { body })).toMatchObject({ status: 413 });
    }
    expect(await call(sandbox, "POST", "message", { body: single })).toMatchObject({ status: 200 });
  });
});
