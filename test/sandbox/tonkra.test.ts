import { describe, expect, it } from "vitest";
import { createManualClock } from "./manual-clock.ts";
import { at, textAt } from "./tikosms-client.ts";
import { call, single, startSandbox } from "./tonkra-setup.ts";

const uid = expect.stringMatching(/^[\da-f]{13}$/);
const start = "2025-05-29T16:07:41Z";

describe.each(["http", "v3"] as const)("the endpoints under /api/%s", (api) => {
  it("the Tonkra sandbox takes a message, shows it and lists it", async () => {
    const sandbox = await startSandbox({ clock: createManualClock(start) });
    const sent = await call(sandbox, "POST", "sms/send", {
      api,
      body: { ...single, dlt_template_id: "1107" },
    });
    const row = { uid, to: "31612345000", from: "YourName", message: "This is a test message" };
    expect(sent).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
    expect(sent.body).toEqual({
      status: "success",
      message: "Your message was successfully delivered",
      data: { ...row, status: "Delivered", cost: "1", sms_count: 1 },
    });
    const shown = {
      ...row,
      sms_type: "plain",
      direction: "api",
      status: "Delivered",
      sms_count: 1,
      cost: "1",
    };
    const view = await call(sandbox, "GET", `sms/${textAt(sent.body, "data", "uid")}`, { api });
    expect(view.body).toEqual({ status: "success", message: null, data: shown });

    const list = await call(sandbox, "GET", "sms", { api });
    const path = `${sandbox.url}/api/${api}/sms`;
    expect(list.body).toEqual({
      status: "success",
      message: "SMS data fetched successfully",
      data: {
        current_page: 1,
        data: [{ ...shown, sent_at: "2025-05-29 16:07:41" }],
        first_page_url: `${path}?page=1`,
        from: 1,
        last_page: 1,
        last_page_url: `${path}?page=1`,
        links: [
          { url: null, label: "« Previous", active: false },
          { url: `${path}?page=1`, label: "1", active: true },
          { url: null, label: "Next »", active: false },
        ],
        next_page_url: null,
        path,
        per_page: 25,
        prev_page_url: null,
        to: 1,
        total: 1,
      },
    });
    expect((await call(sandbox, "GET", "sms/", { api })).body).toEqual(list.body);
  });

  it("the Tonkra sandbox shows the profile and the balance, and charges it by the segment", async () => {
    const sandbox = await startSandbox({ variant: { timeZone: "Africa/Lagos" } });
    const profile = await call(sandbox, "GET", "me", { api });
    expect(at(profile.body, "data")).toMatchObject({ api_token: sandbox.token, timezone: "Africa/Lagos" });
    await call(sandbox, "POST", "sms/send", { api, body: { ...single, message: "ž".repeat(80) } });
    const balance = await call(sandbox, "GET", "balance", { api });
    expect(balance.body).toEqual({
      status: "success",
      message: null,
      data: { remaining_balance: "4,248", expired_on: expect.any(String) },
    });
  });
});

describe("what a client must send", () => {
  const send = { body: single };

  it("a known token: an error under 200, a 401 under v3", async () => {
    const sandbox = await startSandbox();
    const wrong = {
      status: 200,
      body: { status: "error", message: "These credentials do not match our records." },
    };
    expect(await call(sandbox, "POST", "sms/send", { ...send, token: "1|wrong" })).toMatchObject(wrong);
    expect(await call(sandbox, "GET", "balance", { token: "1|wrong" })).toMatchObject(wrong);
    const none = { status: 200, body: { status: "error", message: "The api token field is required." } };
    expect(await call(sandbox, "GET", "me", { token: "" })).toMatchObject(none);
    const v3 = { status: 401, body: { message: "Unauthenticated." } };
    expect(await call(sandbox, "POST", "sms/send", { ...send, api: "v3", token: "1|wrong" })).toMatchObject(
      v3,
    );
  });

  it("the token in the query or, as the documentation prints it, in the body of a GET", async () => {
    const sandbox = await startSandbox();
    const body = JSON.stringify({ api_token: sandbox.token });
    expect(await call(sandbox, "GET", "sms", { body, token: "" })).toMatchObject({
      body: { status: "success" },
    });
    const query = { ...single, message: "By GET & query" };
    expect(await call(sandbox, "GET", "sms/send", { query })).toMatchObject({
      body: { data: { message: "By GET & query" } },
    });
  });

  it("the Tonkra sandbox requires both headers", async () => {
    const sandbox = await startSandbox();
    for (const method of ["GET", "POST"] as const) {
      const path = method === "GET" ? "sms" : "sms/send";
      const noAccept = await call(sandbox, method, path, { headers: { accept: "*/*" } });
      expect(noAccept).toMatchObject({ status: 406, body: expect.stringContaining("<html>") });
      const form = { "content-type": "application/x-www-form-urlencoded" };
      expect(await call(sandbox, method, path, { headers: form })).toMatchObject({ status: 415 });
    }
  });

  it("the Tonkra sandbox requires JSON, a known route and its method", async () => {
    const sandbox = await startSandbox();
    const bare = '{"api_token":"x","schedule_time=2021-12-20 07:00"}';
    expect(await call(sandbox, "POST", "sms/send", { body: bare })).toMatchObject({ status: 400 });
    expect(await call(sandbox, "GET", "contacts")).toMatchObject({
      status: 404,
      body: { message: "The route api/http/contacts could not be found." },
    });
    expect(await call(sandbox, "POST", "balance", { body: {} })).toMatchObject({
      status: 405,
      headers: { allow: "GET" },
    });
  });

  it.each([
    ["recipient", "", 200, "The recipient field is required."],
    ["message", null, 200, "The message field is required."],
    ["sender_id", undefined, 200, "The sender id field is required."],
    ["type", 1, 200, "The type field is required."],
    ["type", "telegram", 404, "The type is not supported."],
    ["sender_id", "TwelveLetter", 404, "The sender id may not be longer than 11 characters."],
    ["schedule_time", "tomorrow", 200, "The schedule time is not a valid date."],
    ["schedule_time", "2025-02-31 10:00", 200, "The schedule time is not a valid date."],
    [
      "recipient",
      Array.from({ length: 101 }, (_, index) => `31612345${index + 100}`).join(),
      403,
      expect.any(String),
    ],
    ["recipient", "0612345678", 403, "The phone number 0612345678 is not valid."],
  ])("a %s that is not %j", async (field, value, status, message) => {
    const sandbox = await startSandbox();
    const reply = await call(sandbox, "POST", "sms/send", { body: { ...single, [field]: value } });
    expect(reply).toMatchObject({ status, body: { status: "error", message } });
  });

  it.each([
    { sender_id: "+31612345678" },
    { sender_id: "ElevenChars" },
    { recipient: "+31 (6) 123-45678" },
    { type: "unicode" },
  ])("the Tonkra sandbox is no stricter than the platform: %j", async (fields) => {
    const sandbox = await startSandbox();
    const reply = await call(sandbox, "POST", "sms/send", { body: { ...single, ...fields } });
    expect(reply).toMatchObject({ status: 200, body: { status: "success" } });
  });

  it("the Tonkra sandbox answers a body that is too large with 413", async () => {
    const sandbox = await startSandbox({ maxBodyBytes: 1_000 });
    const body = { ...single, message: "x".repeat(1_000) };
    expect(await call(sandbox, "POST", "sms/send", { body })).toMatchObject({ status: 413 });
  });
});

describe("several numbers", () => {
  it("several numbers get a row each from the Tonkra sandbox, and refused ones are named in the message", async () => {
    const sandbox = await startSandbox();
    const recipient = "31612345000, +31612345001,31612345013,31612345000,12";
    const reply = await call(sandbox, "POST", "sms/send", { body: { ...single, recipient } });
    expect(reply).toMatchObject({ status: 200, body: { status: "success" } });
    expect(at(reply.body, "data")).toMatchObject([
      {
        id: expect.any(Number),
        uid,
        to: "31612345000",
        customer_status: "Delivered",
        cost: "1",
        sms_count: 1,
      },
      { to: "31612345001", customer_status: "Delivered" },
    ]);
    expect(at(reply.body, "data", 0)).not.toHaveProperty("status");
    expect(at(reply.body, "message")).toMatch(/'To' number: 31612345013 The phone number 12 is not valid\.$/);
  });

  it("several numbers in a request to the Tonkra sandbox are refused where none is left", async () => {
    const body = { ...single, recipient: "31612345013,12" };
    expect(await call(await startSandbox(), "POST", "sms/send", { body })).toMatchObject({ status: 403 });
  });

  it("several numbers end at the Tonkra sandbox as the scenario of the first one does", async () => {
    const sandbox = await startSandbox();
    const body = { ...single, recipient: "31612345012,31612345000" };
    expect(await call(sandbox, "POST", "sms/send", { body })).toMatchObject({ status: 500 });
    expect(at((await call(sandbox, "GET", "sms")).body, "data", "total")).toBe(2);
  });

  it("several numbers in a request to the Tonkra sandbox are scheduled without a uid, in the zone of the profile", async () => {
    const clock = createManualClock(start);
    const sandbox = await startSandbox({ clock, variant: { timeZone: "Africa/Lagos" } });
    const body = { ...single, recipient: "31612345000,31612345001", schedule_time: "2025-05-29 17:09" };
    const reply = await call(sandbox, "POST", "sms/send", { body });
    expect(reply.body).toEqual({ status: "success", message: expect.any(String), data: null });
    const query = { end_date: "2025-05-30 00:00:00" };
    const newest = async () => at((await call(sandbox, "GET", "sms", { query })).body, "data", "data", 0);
    expect(await newest()).toMatchObject({ status: "Pending", sent_at: "2025-05-29 16:09:00" });
    clock.advance(79_000);
    expect(await newest()).toMatchObject({ status: "Undelivered" });
  });
});

describe("the list", () => {
  it("the Tonkra sandbox's list has 25 to a page, the newest first", async () => {
    const sandbox = await startSandbox();
    for (let count = 1; count <= 51; count++) {
      await call(sandbox, "POST", "sms/send", { body: { ...single, message: `${count}` } });
    }
    const page = async (number: string) =>
      at((await call(sandbox, "GET", "sms", { query: { page: number } })).body, "data");
    const [first, last, beyond] = [await page("1"), await page("3"), await page("4")];
    expect(first).toMatchObject({ current_page: 1, last_page: 3, from: 1, to: 25, total: 51 });
    expect(at(first, "data", 0, "message")).toBe("51");
    expect(last).toMatchObject({ current_page: 3, data: [{ message: "1" }], next_page_url: null });
    expect(beyond).toMatchObject({ current_page: 4, data: [], from: null, to: null });
    expect(at(first, "next_page_url")).toBe(`${sandbox.url}/api/http/sms?page=2`);
  });

  it("the Tonkra sandbox's list leaves out the middle of many pages", async () => {
    const { paginate } = await import("../../src/sandbox/tonkra/rows.ts");
    const items = Array.from({ length: 500 }, () => 1);
    const { links } = paginate(items, (item) => ({ item }), { current: 10, path: "p" });
    expect(links.map(({ label }) => label).join(" ")).toBe(
      "« Previous 1 2 ... 7 8 9 10 11 12 13 ... 19 20 Next »",
    );
  });

  it("the Tonkra sandbox's list is filtered by time, zone, type and direction", async () => {
    const clock = createManualClock(start);
    const sandbox = await startSandbox({ clock });
    await call(sandbox, "POST", "sms/send", { body: single });
    const count = async (query: Record<string, string>) =>
      at((await call(sandbox, "GET", "sms", { query })).body, "data", "total");
    expect(await count({ start_date: "2025-05-29 16:07:41", end_date: "2025-05-29 16:07:41" })).toBe(1);
    expect(
      await count({
        start_date: "2025-05-29 17:07:41",
        end_date: "2025-05-29 17:07:41",
        timezone: "Africa/Lagos",
      }),
    ).toBe(1);
    expect(await count({ start_date: "2025-05-29 16:07:42", end_date: "2025-05-29 17:00:00" })).toBe(0);
    expect(await count({ end_date: "2025-05-29 16:07:40" })).toBe(0);
    expect(await count({ sms_type: "voice" })).toBe(0);
    expect(await count({ direction: "incoming" })).toBe(0);
    expect(await count({ sms_type: "plain", direction: "api" })).toBe(1);
    clock.advance(31 * 24 * 60 * 60_000);
    expect(await count({})).toBe(0);
  });

  it.each<Record<string, string>>([
    { timezone: "Mars/Base" },
    { start_date: "yesterday" },
    { end_date: "2025-13-01 00:00:00" },
    { start_date: "2025-05-30 00:00:00", end_date: "2025-05-29 00:00:00" },
    { direction: "sideways" },
  ])("the list of the Tonkra sandbox refuses the filter %j", async (query) => {
    const reply = await call(await startSandbox(), "GET", "sms", { query });
    expect(reply).toMatchObject({ status: 422, body: { status: "error" } });
  });
});

const printed = (what: string) => `{\n  "status": "success",\n  "data": "${what}",\n}\n`;

describe("an installation may differ", () => {
  it("an old installation of Tonkra has six fields, other words, no filters, and everybody's messages", async () => {
    const sandbox = await startSandbox({ variant: { version: "old" } });
    const sent = await call(sandbox, "POST", "sms/send", { body: single });
    const own = textAt(sent.body, "data", "uid");
    const row = {
      uid: own,
      to: "31612345000",
      from: "YourName",
      message: single.message,
      status: `Delivered|gw-${own}`,
      cost: "1",
    };
    expect(at(sent.body, "data")).toEqual(row);
    const list = await call(sandbox, "GET", "sms", { query: { start_date: "nonsense" } });
    expect(list).toMatchObject({ status: 200, body: { message: null, data: { total: 3 } } });
    expect(at(list.body, "data", "data", 0)).toEqual(row);
    const foreign = textAt(list.body, "data", "data", 1, "uid");
    expect(await call(sandbox, "GET", `sms/${foreign}`)).toMatchObject({ status: 200 });
  });

  it("a new installation of Tonkra lists nobody else's messages", async () => {
    const [old, current] = [
      await startSandbox({ seed: "s", variant: { version: "old" } }),
      await startSandbox({ seed: "s" }),
    ];
    const foreign = textAt((await call(old, "GET", "sms")).body, "data", "data", 0, "uid");
    expect(await call(current, "GET", `sms/${foreign}`, { token: current.token })).toMatchObject({
      status: 404,
      body: { status: "error", message: "SMS Info not found" },
    });
  });

  it("a time to send at is ignored for one number, or held", async () => {
    const body = { ...single, schedule_time: "2099-12-20T07:00:00" };
    const ignored = await call(await startSandbox(), "POST", "sms/send", { body });
    expect(ignored.body).toMatchObject({ data: { uid, status: "Delivered" } });
    const held = await call(await startSandbox({ variant: { singleSchedule: "held" } }), "POST", "sms/send", {
      body,
    });
    expect(held.body).toMatchObject({ status: "success", data: null });
  });

  it("a literal installation of Tonkra answers with the documentation's placeholders, commas included", async () => {
    const sandbox = await startSandbox({ variant: { bodies: "literal" } });
    const sent = await call(sandbox, "POST", "sms/send", { body: single });
    expect(sent.body).toBe(printed("sms reports with all details"));
    expect((await call(sandbox, "GET", "sms")).body).toBe(printed("sms reports with pagination"));
    expect(await call(sandbox, "GET", "sms/unknown")).toMatchObject({ status: 404 });
  });

  it.each([
    ["units", "4,250"],
    ["money", "₦4,250.50"],
    ["unlimited", "Unlimited"],
  ] as const)("the balance in %s is %s", async (balance, text) => {
    const reply = await call(await startSandbox({ variant: { balance } }), "GET", "balance");
    expect(at(reply.body, "data", "remaining_balance")).toBe(text);
  });

  it("an installation of Tonkra may have one of the two APIs alone", async () => {
    const sandbox = await startSandbox({ variant: { apis: "v3" } });
    expect(await call(sandbox, "GET", "balance")).toMatchObject({ status: 404 });
    expect(await call(sandbox, "GET", "balance", { api: "v3" })).toMatchObject({ status: 200 });
  });
});

it("the Tonkra sandbox repeats itself with the same seed, and forgets the oldest", async () => {
  const uids: string[] = [];
  for (const seed of ["one", "one", "two"]) {
    const sandbox = await startSandbox({ seed, maxMessages: 2 });
    expect(sandbox.token).toMatch(/^255\|[\da-z]{48}$/);
    const first = await call(sandbox, "POST", "sms/send", { body: single });
    uids.push(textAt(first.body, "data", "uid"));
    await call(sandbox, "POST", "sms/send", { body: single });
    expect(await call(sandbox, "GET", `sms/${uids.at(-1)}`)).toMatchObject({ status: 200 });
    await call(sandbox, "POST", "sms/send", { body: single });
    expect(await call(sandbox, "GET", `sms/${uids.at(-1)}`)).toMatchObject({ status: 404 });
  }
  expect(uids[0]).toBe(uids[1]);
  expect(uids[0]).not.toBe(uids[2]);
});
