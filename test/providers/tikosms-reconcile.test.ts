import { describe, expect, test } from "vitest";
import type { UncertainSubmission } from "../../src/providers/provider.ts";
import {
  type Answer,
  connect,
  documentedRow,
  fixture,
  json,
  messageId,
  submission,
} from "./tikosms-fixtures.ts";
import { reconcileOne, supportOf } from "./reconcile-one.ts";

describe("reconciling", () => {
  const uncertain: UncertainSubmission = {
    ...submission,
    from: "MyBrand",
    text: "Big sale today!",
    attemptedAt: new Date("2025-08-11T13:12:00Z"),
  };
  const [documented] = JSON.parse(fixture("get_messages.200.json")).campaigns;
  const row = {
    ...documentedRow,
    campaign_id: documented.campaign_id,
    client_ref: messageId,
    message_id: "m-1",
  };

  /** A TikoSMS with these campaigns, and these rows in whichever campaign is opened. */
  async function withCampaigns(campaigns: object[], rowsOf: (id: string) => object[] = () => [row]) {
    return connect(({ path, query }) =>
      path.endsWith("/get_messages")
        ? json({ success: true, campaigns })
        : json({ success: true, data: rowsOf(query["campaign_id"] ?? "") }),
    );
  }

  test("a reconciliation at TikoSMS finds the campaign whose row has our reference", async () => {
    const { client, requests } = await connect(({ path }) =>
      path.endsWith("/get_messages")
        ? { body: fixture("get_messages.200.json") }
        : json({ data: [documentedRow, row] }),
    );
    expect(await reconcileOne(client, uncertain)).toMatchObject({
      kind: "found",
      providerMessageId: "m-1",
      providerBatchId: documented.campaign_id,
      receipts: [{ providerMessageId: "m-1", clientRef: messageId, status: "DELIVERED" }],
    });
    expect(requests.map((seen) => [seen.path, seen.query, seen.body])).toEqual([
      // Without the campaign_id of the documented filter, query or body: it is what we look for.
      ["/v1/get_messages", {}, ""],
      ["/v1/get_message", { campaign_id: documented.campaign_id }, ""],
    ]);
  });

  test("reconciliation at TikoSMS opens only what could be ours, the nearest in time first", async () => {
    const others = [
      { sender: "Other" },
      { message: "Another text" },
      { recipients: 1_001 },
      { created_at: "2025-08-11T13:09:59.000000Z" },
      { created_at: "2025-08-11T13:27:01.000000Z" },
    ].map((other, index) => ({ ...documented, ...other, campaign_id: `other-${index}` }));
    const ours = [
      { created_at: "2025-08-11T13:27:00.000000Z" },
      { created_at: "2025-08-11 13:10:00", recipients: "1" },
      { recipients: 1_000, created_at: "2025-08-11T13:11:59.000000Z" },
      { sender: "MyBrand ", message: " Big sale today!\r\n" },
    ].map((one, index) => ({ ...documented, ...one, campaign_id: `ours-${index}` }));
    const { client, requests } = await withCampaigns([...others, ...ours], () => []);
    expect(await reconcileOne(client, uncertain)).toEqual({ kind: "absent" });
    const opened = requests.slice(1).map((seen) => seen.query["campaign_id"]);
    expect(opened).toEqual(["ours-2", "ours-3", "ours-1", "ours-0"]);
  });

  test("a reconciliation at TikoSMS goes on where a campaign is gone or has no such row", async () => {
    const list = ["gone", "else", "ours"].map((campaign_id) => ({ ...documented, campaign_id }));
    const { client } = await connect(({ path, query }) => {
      if (path.endsWith("/get_messages")) return json({ campaigns: list });
      if (query["campaign_id"] === "gone") return { status: 404, body: fixture("get_message.404.json") };
      return json({
        data: query["campaign_id"] === "ours" ? [{ ...row, campaign_id: null }] : [documentedRow],
      });
    });
    expect(await reconcileOne(client, uncertain)).toMatchObject({ kind: "found", providerBatchId: "ours" });
  });

  test("a reconciliation at TikoSMS finds a message that has no status yet", async () => {
    const { client } = await withCampaigns([documented], () => [{ ...row, status: null }]);
    expect(await reconcileOne(client, uncertain)).toMatchObject({
      kind: "found",
      providerMessageId: "m-1",
      receipts: [],
    });
  });

  test.each<[string, Answer]>([
    ["none", json({ success: true, campaigns: [] })],
    ["the documented 404", { status: 404, body: fixture("get_messages.404.json") }],
  ])("no campaigns is absence: %s", async (_name, answer) => {
    const { client } = await connect(() => answer);
    expect(await reconcileOne(client, uncertain)).toEqual({ kind: "absent" });
  });

  const alike = Array.from({ length: 600 }, (_, index) => ({ ...documented, campaign_id: `c-${index}` }));

  test("a reconciliation at TikoSMS finds the one among 600 campaigns alike, wherever it stands", async () => {
    const { client } = await withCampaigns(alike, (id) => (id === "c-599" ? [row] : []));
    expect(await reconcileOne(client, uncertain)).toMatchObject({ kind: "found", providerMessageId: "m-1" });
  });

  test("a reconciliation at TikoSMS does not open campaigns of one message that other messages of ours are", async () => {
    const { client, requests } = await withCampaigns(alike, () => []);
    const knownBatches = alike.slice(1).map(({ campaign_id }) => campaign_id);
    expect(await reconcileOne(client, { ...uncertain, knownBatches })).toEqual({ kind: "absent" });
    expect(requests).toHaveLength(2);
  });

  test("a problem on the way is not absence", async () => {
    const first = await connect(() => json({ message: "Server Error" }, 500));
    expect(await reconcileOne(first.client, uncertain)).toMatchObject({
      kind: "unavailable",
      problem: { kind: "unreachable", detail: "HTTP 500: Server Error" },
    });
    const second = await connect(({ path }) =>
      path.endsWith("/get_messages") ? json({ campaigns: [documented] }) : { status: 429 },
    );
    expect(await reconcileOne(second.client, uncertain)).toMatchObject({
      kind: "unavailable",
      problem: { kind: "busy" },
    });
  });

  test("a whole campaign that was not answered is asked for once", async () => {
    const many = Array.from({ length: 50 }, (_, index) => `0198a1b2-0000-7000-8000-0000000001${index + 10}`);
    const rows = many.map((id) => ({ ...row, client_ref: id, message_id: `m-${id}` }));
    const { client, requests } = await withCampaigns([{ ...documented, recipients: 50 }], () => rows);
    const lost = many.map((id) => ({ ...uncertain, messageId: id }));
    const found = await client.reconcile(lost, supportOf());
    const wanted = many.map((id) => ({ kind: "found", providerMessageId: `m-${id}` }));
    expect(found).toMatchObject(wanted);
    expect(requests).toHaveLength(2);
  });

  test("a problem is not remembered", async () => {
    let isDown = true;
    const { client } = await connect(({ path }) => {
      if (isDown) return json({ message: "Server Error" }, 500);
      return path.endsWith("/get_messages") ? json({ campaigns: [documented] }) : json({ data: [row] });
    });
    expect(await reconcileOne(client, uncertain)).toMatchObject({ kind: "unavailable" });
    isDown = false;
    expect(await reconcileOne(client, uncertain)).toMatchObject({ kind: "found" });
  });
});
