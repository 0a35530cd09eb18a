import { describe, expect, it } from "vitest";
import { startTikosmsSandbox } from "../../src/sandbox/tikosms/index.ts";
import { startSandbox } from "./setup.ts";
import { at, call, textAt } from "./tikosms-client.ts";

const single = { from: "MySender", message: "Your OTP is 1234", to: "380501234567" };

describe("look-ups", () => {
  it("a look-up in the TikoSMS sandbox shows one row for each part, and lets the query win over the body", async () => {
    const sandbox = await startSandbox();
    const submitted = await call(sandbox, "POST", "message", {
      body: { ...single, message: "ž".repeat(80) },
    });
    const query = {
      message_id: textAt(submitted.body, "message_id"),
      campaign_id: textAt(submitted.body, "campaign_id"),
    };
    // The documentation's own curl: a query, and filler in the body.
    const body = { message_id: "b", campaign_id: "n" };
    const found = await call(sandbox, "GET", "get_message", { query, body });
    expect(at(found.body, "data")).toEqual([
      expect.objectContaining({ ...query, data_coding: 8, part: 1, total_parts: 2 }),
      expect.objectContaining({ ...query, data_coding: 8, part: 2, total_parts: 2 }),
    ]);
    expect(await call(sandbox, "GET", "get_message", { body: query })).toEqual(
      expect.objectContaining({ status: 200, body: found.body }),
    );
  });

  it("a look-up in the TikoSMS sandbox does not find what is not there", async () => {
    const sandbox = await startSandbox();
    const submitted = await call(sandbox, "POST", "message", { body: single });
    const messageId = textAt(submitted.body, "message_id");
    const absent = "6ff8f7f6-1eb3-3525-be4a-3932c805afed";
    const notFound = { status: 404, body: { success: false, error: "Message(s) not found" } };
    const queries: Record<string, string>[] = [
      {},
      { message_id: absent },
      { message_id: messageId, campaign_id: absent },
    ];
    for (const query of queries) {
      expect(await call(sandbox, "GET", "get_message", { query })).toMatchObject(notFound);
    }
    const campaign = await call(sandbox, "GET", "get_messages", { body: { campaign_id: absent } });
    expect(campaign).toMatchObject({ status: 404, body: { success: false, error: "Campaign not found" } });
    const rate = await call(sandbox, "GET", "sms-rates", { query: { mccmnc: "255001", country: "Malta" } });
    const noRate = "No SMS rate found for this destination.";
    expect(rate).toMatchObject({ status: 404, body: { success: false, error: noRate } });
  });

  it.each([
    ["sms-rates", {}, "The mccmnc field is required."],
    ["get_messages", { campaign_id: "n" }, "The campaign_id field must be a valid UUID."],
    [
      "get_message",
      { message_id: "x".repeat(256) },
      "The message_id field must not be greater than 255 characters.",
    ],
  ])("the TikoSMS sandbox refuses a faulty query to %s", async (name, query, message) => {
    const reply = await call(await startSandbox(), "GET", name, { query });
    expect(reply.status).toBe(422);
    const errors = { [message.split(" ")[1] ?? ""]: [message] };
    expect(reply.body).toEqual({ success: false, error: message, message, errors });
  });

  it("a look-up in the TikoSMS sandbox lists the newest campaign first, and one alone when asked", async () => {
    const sandbox = await startSandbox();
    const submit = (message: string) => call(sandbox, "POST", "message", { body: { ...single, message } });
    const older = await submit("older");
    await submit("newer");
    const all = await call(sandbox, "GET", "get_messages");
    expect([at(all.body, "campaigns", 0, "message"), at(all.body, "campaigns", 1, "message")]).toEqual([
      "newer",
      "older",
    ]);
    const query = { campaign_id: textAt(older.body, "campaign_id") };
    const one = await call(sandbox, "GET", "get_messages", { query });
    expect(at(one.body, "campaigns")).toEqual([expect.objectContaining({ message: "older" })]);
  });

  it("the TikoSMS sandbox forgets the oldest messages past its limit", async () => {
    const sandbox = await startSandbox({ maxMessages: 2 });
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) {
      const { body } = await call(sandbox, "POST", "message", { body: single });
      ids.push(textAt(body, "message_id"));
    }
    const lookUps = ids.map((id) => call(sandbox, "GET", "get_message", { query: { message_id: id } }));
    expect((await Promise.all(lookUps)).map(({ status }) => status)).toEqual([404, 200, 200]);
  });
});

describe("the sandbox as a tool", () => {
  it("the TikoSMS sandbox repeats its ids with the same seed, and not without", async () => {
    const ids: unknown[] = [];
    for (const options of [{ seed: "one" }, { seed: "one" }, { seed: "two" }, {}, {}]) {
      const { body } = await call(await startSandbox(options), "POST", "message", { body: single });
      ids.push(at(body, "message_id"));
    }
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids)).toHaveLength(4);
  });

  it("the TikoSMS sandbox keeps the last requests, without credentials and with long bodies cut", async () => {
    const lines: string[] = [];
    const sandbox = await startSandbox({ log: (line) => lines.push(line) });
    await call(sandbox, "POST", "message", { body: { ...single, message: "x".repeat(20_000) } });
    await call(sandbox, "GET", "sms-rates", { query: { mccmnc: "255" } });
    const [first, second] = sandbox.requests;
    expect(first?.body).toHaveLength(10_000);
    expect(second).toMatchObject({ method: "GET", path: "/v1/sms-rates", query: { mccmnc: "255" } });
    expect(JSON.stringify(sandbox.requests)).not.toContain(sandbox.token);
    expect(lines).toEqual(["POST /v1/message 422", "GET /v1/sms-rates 200"]);
  });

  it("the TikoSMS sandbox says so when its port is taken", async () => {
    const { port } = await startSandbox();
    await expect(startTikosmsSandbox({ port })).rejects.toThrow("EADDRINUSE");
  });
});
