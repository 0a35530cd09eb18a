import { afterEach, beforeEach, expect, it } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { connectProvider, mutate } from "../../support/mutations.ts";
import { startProviderDouble, type ProviderDouble } from "../../support/provider-double.ts";
import { numbersOf, storeCampaign } from "../../support/stored-campaigns.ts";

let app: TestApp;
let doubles: ProviderDouble[];
let gate: PromiseWithResolvers<void>;

beforeEach(async () => {
  app = await startTestApp();
  doubles = [await startProviderDouble(), await startProviderDouble()];
  gate = Promise.withResolvers<void>();
});

afterEach(async () => {
  gate.resolve();
  await app.stop();
  await Promise.all(doubles.map((double) => double.close()));
});

async function connect(place: number, limits: object = {}): Promise<string> {
  const { url: baseUrl, token: apiToken } = doubles[place] as ProviderDouble;
  return connectProvider(app.client, { name: `Provider ${place}`, baseUrl, apiToken, ...limits });
}

const acceptedBy = (place: number): number => doubles[place]?.accepted.length ?? 0;

/** Numbers ordered by country: first all those of one provider, then all those of the next. */
const inTurn = (counts: readonly (readonly [shownId: string, count: number])[]): string[] =>
  counts.flatMap(([shownId, count]) => Array.from({ length: count }, () => decodeId("Provider", shownId)));

const statusOf = async (id: string): Promise<string> => {
  const { campaign } = await app.client.data<{ campaign: { status: string } }>(
    "query ($id: ID!) { campaign(id: $id) { status } }",
    { id },
  );
  return campaign.status;
};

async function enable(id: string, enabled: boolean): Promise<void> {
  const { __typename: name } = await mutate(app.client, "updateProvider", "UpdateProviderInput!", {
    id,
    enabled,
  });
  expect(name).toBe("Provider");
}

const patience = { timeout: 120_000, interval: 50 };

it("a campaign skips a provider that is full and returns to it later", { timeout: 300_000 }, async () => {
  const slow = await connect(0, { maxConcurrent: 1 });
  const quick = await connect(1);
  const first = doubles[0] as ProviderDouble;
  first.plan = () => ({ before: gate.promise });
  // This provider has no room left, not even for the campaign's first message.
  const input = { providerId: slow, to: "+421901000000", text: "Single", from: "smsgraph" };
  expect(await mutate(app.client, "sendMessage", "SendMessageInput!", input)).toMatchObject({
    __typename: "Message",
  });
  await expect.poll(() => first.requests.length, patience).toBe(1);
  const providers = inTurn([
    [slow, 1_500],
    [quick, 300],
  ]);
  const { id } = await storeCampaign(app, providers, numbersOf(providers.length));
  await expect.poll(() => acceptedBy(1), patience).toBe(300);
  expect(acceptedBy(0)).toBe(0);
  gate.resolve();
  await expect.poll(() => statusOf(id), patience).toBe("COMPLETED");
  expect(acceptedBy(0)).toBe(1_501);
});

it(
  "a campaign skips a provider that is switched off and returns to it later",
  { timeout: 300_000 },
  async () => {
    const off = await connect(0);
    await enable(off, false);
    const on = await connect(1);
    const providers = inTurn([
      [off, 300],
      [on, 300],
    ]);
    // The caller named the provider, so nothing may go to another one.
    const { id } = await storeCampaign(app, providers, numbersOf(providers.length), {
      providerId: decodeId("Provider", off),
    });
    await expect.poll(() => acceptedBy(1), patience).toBe(300);
    expect([acceptedBy(0), await statusOf(id)]).toEqual([0, "RUNNING"]);
    await enable(off, true);
    await expect.poll(() => statusOf(id), patience).toBe("COMPLETED");
    expect(acceptedBy(0)).toBe(300);
  },
);

it(
  "a slow provider keeps sending its share of a campaign while a fast one is busy",
  { timeout: 300_000 },
  async () => {
    const slow = await connect(0, { maxPerSecond: 20 });
    const quick = await connect(1, { maxPerSecond: 100 });
    const providers = inTurn([
      [slow, 400],
      [quick, 400],
    ]);
    await storeCampaign(app, providers, numbersOf(providers.length));
    await expect.poll(() => acceptedBy(1), patience).toBe(400);
    // The fast provider takes at least four seconds, during which the slow one must get its share.
    expect(acceptedBy(0)).toBeGreaterThan(40);
  },
);
