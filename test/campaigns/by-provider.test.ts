import { afterAll, beforeAll, expect, it } from "vitest";
import { decodeId } from "../../src/lib/global-id.ts";
import { applyChanges } from "../../src/messages/changes/transition.ts";
import { foldTallies } from "../../src/messages/changes/tallies.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { storeCampaign } from "../support/stored-campaigns.ts";

let app: TestApp;
/** Global ids. */
let one: string;
let other: string;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  app = await startTestApp();
  const connected = await Promise.all([connectTestSandbox(app), connectTestSandbox(app)]);
  [one, other] = connected.map(({ providerId }) => providerId) as [string, string];
  closers.push(
    ...connected.map(
      ({ sandbox }) =>
        () =>
          sandbox.close(),
    ),
  );
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
  for (const close of closers) await close();
});

interface Counts {
  total: number;
  queued: number;
  delivered: number;
  undelivered: number;
}

interface Progress {
  counts: Counts;
  byProvider: { provider: { id: string } | null; counts: Counts }[];
}

const counts = "counts { total queued delivered undelivered }";

const read = async (id: string): Promise<Progress> =>
  (
    await app.client.data<{ campaign: Progress }>(
      `query ($id: ID!) { campaign(id: $id) { ${counts} byProvider { provider { id } ${counts} } } }`,
      { id },
    )
  ).campaign;

const of = (providerId: string, some: Partial<Counts>) => ({
  provider: { id: providerId },
  counts: { queued: 0, delivered: 0, undelivered: 0, total: 0, ...some },
});

const local = (): [string, string] => [decodeId("Provider", one), decodeId("Provider", other)];

it("the counts of a campaign are told by provider, and stay so when their rows are folded", async () => {
  const numbers = ["+421901000100", "+421901000101", "+421901000001", "+421901000102", "+421901000103"];
  const { id, campaignId } = await storeCampaign(app, local(), numbers);
  const ended = {
    counts: { total: 5, queued: 0, delivered: 4, undelivered: 1 },
    byProvider: [of(one, { total: 3, delivered: 2, undelivered: 1 }), of(other, { total: 2, delivered: 2 })],
  };
  await expect.poll(() => read(id)).toEqual(ended);
  const { database } = app.services;
  await database.pool.query(
    `insert into campaign_tallies (campaign_id, status, delta)
      select $1, 'DELIVERED', delta from unnest(array_fill(1, array[9]) || array_fill(-1, array[9])) as delta`,
    [campaignId],
  );
  await foldTallies(database);
  const { rows } = await database.pool.query<{ count: number }>(
    "select count(*)::int as count from campaign_tallies where campaign_id = $1",
    [campaignId],
  );
  expect(rows[0]?.count).toBe(3);
  expect(await read(id)).toEqual(ended);
});

it("a message of a campaign that goes to another provider is counted there", async () => {
  const { id, campaignId } = await storeCampaign(app, local().slice(0, 1), ["+421901000104"], {
    status: "PAUSED",
  });
  await expect.poll(async () => (await read(id)).byProvider).toEqual([of(one, { total: 1, queued: 1 })]);
  const { database } = app.services;
  const { id: messageId } = await database.prisma.message.findFirstOrThrow({ where: { campaignId } });
  const change = { messageId, source: "DISPATCH", receivedAt: new Date() } as const;
  await database.transaction((transaction) =>
    applyChanges(transaction, [
      { ...change, status: "SUBMITTING" },
      { ...change, status: "QUEUED", rerouting: { providerId: local()[1] } },
    ]),
  );
  expect((await read(id)).byProvider).toEqual([of(other, { total: 1, queued: 1 })]);
});

it("what the version before counted under no provider is left out by provider, and stays in the counts", async () => {
  const { id, campaignId } = await storeCampaign(app, local().slice(0, 1), ["+421901000105"]);
  await expect.poll(async () => (await read(id)).counts.delivered).toBe(1);
  await app.services.database.pool.query(
    "update campaign_tallies set provider_id = null where campaign_id = $1 and not (status = 'QUEUED' and delta > 0)",
    [campaignId],
  );
  const { counts: all, byProvider } = await read(id);
  expect(all).toEqual({ total: 1, queued: 0, delivered: 1, undelivered: 0 });
  expect(byProvider).toEqual([of(one, { total: 1, queued: 1 })]);
});
