import { describe, expect, test } from "vitest";
import { checked, connect, documentedRow, fixture, json, messageId } from "./tikosms-fixtures.ts";

const id = "d3b0e5a1-2224-4a7e-8b12-7c61d3a7bfb9";
const campaignId = "7e9d2a5c-3b8e-4b8d-9b5f-1a2c3d4e5f60";
const message = { messageId, to: checked("+380501234567"), providerMessageId: id };

describe("looking up", () => {
  test("a message by its id, in the query", async () => {
    const { client, requests } = await connect(() => ({ body: fixture("get_message.200.json") }));
    expect(await client.lookUp([message])).toEqual({
      ok: true,
      value: [
        {
          providerMessageId: id,
          providerBatchId: campaignId,
          clientRef: "order-123",
          status: "DELIVERED",
          providerStatus: "DELIVRD",
          occurredAt: new Date("2025-08-06T12:35:19Z"),
          part: 1,
          parts: 1,
          cost: "0.050",
          mccmnc: "25501",
        },
      ],
    });
    expect(requests).toMatchObject([
      { method: "GET", path: "/v1/get_message", query: { message_id: id }, body: "" },
    ]);
  });

  test("a look-up at TikoSMS puts the ids into the query that the documentation also prints as bodies", async () => {
    const { client, requests } = await connect(() => ({
      status: 404,
      body: fixture("get_message.404.json"),
    }));
    const { message_id } = JSON.parse(fixture("get_message.request.json"));
    const { campaign_id } = JSON.parse(fixture("get_messages.request.json"));
    await client.lookUp([{ ...message, providerMessageId: message_id }]);
    await client.lookUp([{ ...message, providerMessageId: undefined, providerBatchId: campaign_id }]);
    expect(requests).toMatchObject([
      { query: { message_id }, body: "" },
      { query: { campaign_id }, body: "" },
    ]);
  });

  test("a look-up at TikoSMS reads several parts, and leaves out rows of other messages", async () => {
    const rows = [1, 2].map((part) => ({ ...documentedRow, part, total_parts: "2" }));
    const { client } = await connect(() =>
      json({ success: true, data: [...rows, { ...rows[0], message_id: "x" }] }),
    );
    const reply = await client.lookUp([message]);
    expect(reply).toMatchObject({
      value: [
        { part: 1, parts: 2 },
        { part: 2, parts: 2 },
      ],
    });
    expect(reply).toHaveProperty("value.length", 2);
  });

  test("a message that is on its way, or failed", async () => {
    const row = { ...documentedRow, delivered_at: null, client_ref: null };
    const rows = ["QUEUED", "SENT", "UNDELIV"].map((status, index) => ({ ...row, status, part: index + 1 }));
    const { client } = await connect(() => json({ success: true, data: rows }));
    const sentAt = new Date("2025-08-06T12:35:18Z");
    expect(await client.lookUp([message])).toMatchObject({
      value: [
        { status: "SUBMITTED", occurredAt: sentAt, clientRef: messageId },
        { status: "SENT", occurredAt: sentAt },
        { status: "UNDELIVERED", occurredAt: undefined, failure: { code: "undelivered" } },
      ],
    });
  });

  test("a look-up at TikoSMS reads one row in place of a list, and rows that are none", async () => {
    const { client } = await connect(() => json({ data: documentedRow }));
    expect(await client.lookUp([message])).toMatchObject({ ok: true, value: [{ status: "DELIVERED" }] });
    const odd = await connect(() => json({ data: [1, null, {}, { ...documentedRow, status: null }] }));
    expect(await odd.client.lookUp([message])).toEqual({ ok: true, value: [] });
  });

  test("a message without id by its campaign: our reference first, then the number", async () => {
    const uncertain = { messageId, to: checked("+380501234567"), providerBatchId: campaignId };
    const answers = [
      [documentedRow, { ...documentedRow, client_ref: messageId, status: "EXPIRED" }],
      [
        { ...documentedRow, client_ref: null, to: "+38 050-123-45-67" },
        { ...documentedRow, client_ref: null, to: "1" },
      ],
      [documentedRow],
    ];
    const found = [];
    for (const data of answers) {
      const { client, requests } = await connect(() => json({ data }));
      found.push(await client.lookUp([uncertain]));
      expect(requests).toMatchObject([{ query: { campaign_id: campaignId }, body: "" }]);
    }
    expect(found).toMatchObject([
      { value: [{ clientRef: messageId, status: "EXPIRED" }] },
      { value: [{ clientRef: messageId, status: "DELIVERED" }] },
      { value: [] },
    ]);
  });

  test("a look-up at TikoSMS never asks without an id", async () => {
    const { client, requests } = await connect(() => ({ body: fixture("get_message.200.json") }));
    const nameless = { messageId, to: checked("+380501234567") };
    expect(await client.lookUp([nameless])).toEqual({ ok: true, value: [] });
    expect(await client.lookUp([])).toEqual({ ok: true, value: [] });
    expect(requests).toEqual([]);
  });

  test("messages TikoSMS does not know are simply missing", async () => {
    const { client } = await connect(({ query }) =>
      query["message_id"] === id
        ? { body: fixture("get_message.200.json") }
        : { status: 404, body: fixture("get_message.404.json") },
    );
    const reply = await client.lookUp([{ ...message, providerMessageId: "other" }, message]);
    expect(reply).toMatchObject({ ok: true, value: [{ providerMessageId: id }] });
  });

  test("a look-up at TikoSMS asks four at a time, and each once", async () => {
    const waiting: (() => void)[] = [];
    const { client, requests } = await connect(({ query }) => (response) => {
      const row = { ...documentedRow, message_id: query["message_id"] };
      waiting.push(() => response.end(JSON.stringify({ data: [row] })));
      // All four wait for the fourth; a fifth beside them would be seen, too.
      if (waiting.length === 4) setImmediate(() => waiting.splice(0, 4).forEach((answer) => answer()));
    });
    const many = Array.from({ length: 20 }, (_, index) => ({ ...message, providerMessageId: `m-${index}` }));
    expect(await client.lookUp(many)).toHaveProperty("value.length", 20);
    expect(new Set(requests.map((seen) => seen.query["message_id"]))).toHaveProperty("size", 20);
    expect(requests).toHaveLength(20);
    expect(waiting).toEqual([]);
  });

  test("a look-up at TikoSMS stops at the first problem, and says so", async () => {
    const { client, requests } = await connect(() => ({ status: 401, body: fixture("balance.401.json") }));
    const problem = { kind: "unauthenticated", detail: "HTTP 401: User not authenticated" };
    const many = Array.from({ length: 20 }, () => message);
    expect(await client.lookUp(many)).toMatchObject({ ok: false, problem });
    expect(requests.length).toBeLessThanOrEqual(4);
  });

  describe("a campaign of many", () => {
    const ids = ["01", "02", "03"].map((end) => `0198a1b2-0000-7000-8000-0000000000${end}`);
    const many = ids.map((own, index) => ({
      messageId: own,
      to: checked(`+38050123456${index}`),
      providerBatchId: campaignId,
      ageSeconds: 600,
      // Of one message the id came with a callback.
      ...(index === 0 && { providerMessageId: "m-0" }),
    }));
    const rows = ids.map((client_ref, index) => ({ ...documentedRow, client_ref, message_id: `m-${index}` }));

    test("a TikoSMS campaign of many messages is asked for once, whatever order its rows come in", async () => {
      const { client, requests } = await connect(() => json({ data: rows.toReversed() }));
      const receipts = ids.map((clientRef, index) => ({ clientRef, providerMessageId: `m-${index}` }));
      expect(await client.lookUp(many)).toMatchObject({ ok: true, value: receipts });
      expect(requests).toMatchObject([{ query: { campaign_id: campaignId } }]);
    });

    test("a recipient left out has failed, once the list must be complete", async () => {
      const { client } = await connect(() => json({ data: rows.slice(0, 2) }));
      const failure = { code: "not_accepted", permanent: false, text: expect.stringMatching(/\w/) };
      const left = { clientRef: ids[2], providerBatchId: campaignId, status: "FAILED", failure };
      expect(await client.lookUp(many)).toMatchObject({ value: [{}, {}, left] });
      const young = many.map((one) => ({ ...one, ageSeconds: 599 }));
      expect(await client.lookUp(young)).toMatchObject({ value: [{}, {}] });
      expect(await client.lookUp(young)).toHaveProperty("value.length", 2);
    });

    test("a campaign that is not listed at all says nothing of anybody", async () => {
      const none = { status: 404, body: fixture("get_message.404.json") };
      const { client } = await connect(() => none);
      expect(await client.lookUp(many)).toEqual({ ok: true, value: [] });
    });
  });
});
