import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeId, encodeId } from "../../../src/lib/global-id.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../../support/app.ts";
import { move, openStream, sendAll, takeEvents, watchEvents } from "../../support/live.ts";

let app: TestApp;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  ({ sandbox } = await connectTestSandbox(app));
});

afterAll(async () => {
  await app.client.close();
  await sandbox.close();
  await app.stop();
});

async function createCampaign(accountId = app.accountId): Promise<string> {
  const now = new Date();
  const { id } = await app.services.database.prisma.campaign.create({
    data: {
      id: randomUUIDv7(),
      accountId,
      name: "Campaign",
      status: "PAUSED",
      sender: "smsgraph",
      text: "Hello",
      createdAt: now,
      updatedAt: now,
    },
  });
  return encodeId("Campaign", id);
}

async function joinCampaign(messageId: string, campaignId: string): Promise<void> {
  await app.services.database.prisma.message.update({
    where: { id: decodeId("Message", messageId) },
    data: { campaignId: decodeId("Campaign", campaignId) },
  });
}

/** Events of the wanted messages alone, both live and in a replay. */
async function expectOnly(filter: Record<string, unknown>, all: string[], wanted: string[]): Promise<void> {
  const before = await openStream(app.client);
  await before.return?.();
  const { cursor } = await sendAll(app, [{ clientRef: "marker" }]);
  const live = await openStream(app.client, { filter });
  await move(app, all, ["SUBMITTED", "SENT"]);
  const expected = ["SUBMITTED", "SENT"].flatMap((status) =>
    wanted.map((id) => ({ status, message: { id } })),
  );
  expect(await takeEvents(live, expected.length)).toMatchObject(expected);
  const replay = watchEvents(app.client, { filter, after: cursor });
  expect(await takeEvents(replay, expected.length)).toMatchObject(expected);
  await move(app, all, ["DELIVERED"]);
  for (const stream of [live, replay]) {
    const events = await takeEvents(stream, wanted.length);
    expect(events).toMatchObject(wanted.map((id) => ({ status: "DELIVERED", message: { id } })));
    await stream.return?.();
  }
}

describe("messageEvents shows only", () => {
  it("messageEvents can be filtered by campaign", async () => {
    const { ids } = await sendAll(app, [{}, {}, {}]);
    const [one, two] = ids as [string, string];
    const [campaign, other] = [await createCampaign(), await createCampaign()];
    await joinCampaign(one, campaign);
    await joinCampaign(two, other);
    await expectOnly({ campaignId: campaign }, ids, [one]);
  });

  it("messageEvents can be filtered by the beginning of a reference, with SQL wildcards taken literally", async () => {
    const { ids } = await sendAll(app, [
      { clientRef: "order_1" },
      { clientRef: "orderX1" },
      { clientRef: "Order_1" },
      {},
      { clientRef: "order_" },
    ]);
    await expectOnly({ clientRefPrefix: "order_" }, ids, [ids[0] ?? "", ids[4] ?? ""]);
  });

  it("an empty reference prefix matches all messages with a reference", async () => {
    const { ids } = await sendAll(app, [{ clientRef: "some" }, {}, { clientRef: "any" }]);
    await expectOnly({ clientRefPrefix: "", messageIds: ids }, ids, [ids[0] ?? "", ids[2] ?? ""]);
  });

  it("messageEvents can be filtered by country", async () => {
    const { ids } = await sendAll(app, [
      { to: "+421901000001" },
      { to: "+420601123456" },
      { to: "+48501123456" },
    ]);
    await expectOnly({ country: ["CZ", "PL"] }, ids, ids.slice(1));
  });

  it("messageEvents sends only events that match every part of the filter", async () => {
    const { ids } = await sendAll(app, [
      { to: "+421901000001", clientRef: "both 1" },
      { to: "+421901000001", clientRef: "one" },
      { to: "+420601123456", clientRef: "both 2" },
    ]);
    await expectOnly({ clientRefPrefix: "both", country: ["SK"], messageIds: ids }, ids, ids.slice(0, 1));
  });

  it("messageEvents can be filtered by a thousand message ids", async () => {
    const inputs = Array.from({ length: 1_000 }, () => ({ to: "+421901000000", text: "Hello" }));
    const sent = await app.services.sender.send(app.accountId, inputs, undefined);
    const ids = sent.map((outcome) => encodeId("Message", "messageId" in outcome ? outcome.messageId : ""));
    const stream = await openStream(app.client, { filter: { messageIds: ids } });
    const { ids: others } = await sendAll(app, [{}]);
    const [last = ""] = ids.slice(-1);
    await move(app, [...others, last], ["SENT"]);
    // The stream may begin before what was stored.
    const seen: Awaited<ReturnType<typeof takeEvents>> = [];
    while (seen.length === 0)
      seen.push(...(await takeEvents(stream, 1)).filter(({ status }) => status === "SENT"));
    expect(seen).toMatchObject([{ message: { id: last }, status: "SENT" }]);
    await stream.return?.();
  });
});

describe("messageEvents refuses", () => {
  it.each([
    ["an unknown campaign", () => ({ campaignId: encodeId("Campaign", randomUUIDv7()) }), "NOT_FOUND"],
    ["an id of something else", () => ({ campaignId: encodeId("Message", randomUUIDv7()) }), "INVALID_ID"],
    ["a country that is none", () => ({ country: ["Slovakia"] }), "INVALID_INPUT"],
    ["a reference that cannot be stored", () => ({ clientRefPrefix: "a\0" }), "INVALID_INPUT"],
    ["an empty list of countries", () => ({ country: [] }), "INVALID_INPUT"],
    ["an empty list of statuses", () => ({ status: [] }), "INVALID_INPUT"],
    [
      "more than a thousand ids",
      () => ({ messageIds: Array.from({ length: 1_001 }, () => encodeId("Message", randomUUIDv7())) }),
      "INVALID_INPUT",
    ],
  ])("messageEvents refuses %s", async (_what, filter, code) => {
    const results = await Array.fromAsync(watchEvents(app.client, { filter: filter() }));
    expect(results).toMatchObject([{ errors: [{ path: ["messageEvents"], extensions: { code } }] }]);
  });

  it("messageEvents refuses another account's campaign", async () => {
    const campaignId = await createCampaign(await app.createAccount());
    const results = await Array.fromAsync(watchEvents(app.client, { filter: { campaignId } }));
    expect(results).toMatchObject([{ errors: [{ extensions: { code: "NOT_FOUND", id: campaignId } }] }]);
  });
});
