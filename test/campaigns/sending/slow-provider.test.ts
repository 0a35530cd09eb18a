import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { createCampaign } from "../../support/campaigns.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { connectProvider } from "../../support/mutations.ts";
import { startProviderDouble, type ProviderDouble } from "../../support/provider-double.ts";
import { numbersOf } from "../../support/stored-campaigns.ts";

let database: TestDatabase;
let apps: [TestApp, TestApp];
let double: ProviderDouble;
let gate: PromiseWithResolvers<void>;

beforeEach(async () => {
  database = await createTestDatabase();
  const shared = { databaseUrl: database.url, secretKey: randomBytes(32) };
  apps = [await startTestApp(shared), await startTestApp(shared)];
  double = await startProviderDouble();
  gate = Promise.withResolvers();
  const { url: baseUrl, token: apiToken } = double;
  await connectProvider(apps[0].client, { baseUrl, apiToken, defaultSender: "smsgraph" });
});

afterEach(async () => {
  gate.resolve();
  for (const app of apps) await app.stop();
  await double.close();
  await database.drop();
});

interface Shown {
  status: string;
  messagesPerSecond: number;
  estimatedCompletionAt: string | null;
  counts: Record<string, number>;
}

const show = async (id: string): Promise<Shown> =>
  (
    await apps[0].client.data<{ campaign: Shown }>(
      `query ($id: ID!) { campaign(id: $id) { status messagesPerSecond estimatedCompletionAt
        counts { total scheduled queued submitting outcomeUnknown submitted delivered cancelled } } }`,
      { id },
    )
  ).campaign;

const change = (mutation: string, id: string): Promise<unknown> =>
  apps[0].client.data(`mutation ($id: ID!) { ${mutation}(id: $id) { ... on Campaign { id } } }`, { id });

const create = async (count: number, text: string): Promise<string> => {
  const recipients = numbersOf(count).map((to) => ({ to, values: { name: to } }));
  return (await createCampaign(apps[0], { text, recipients })).id;
};

const patience = { timeout: 120_000, interval: 50 };

/** Equal texts are sent in bulk requests, individual texts in single ones. */
const texts = ["Hello", "Hello {{name}}"];

it.each(texts)(
  "a paused campaign starts no request, with two workers: %s",
  { timeout: 300_000 },
  async (text) => {
    let requests = 0;
    double.plan = () => {
      requests++;
      return { before: gate.promise, report: "never" };
    };
    const count = 9_000;
    const id = await create(count, text);
    // The maximum in progress per worker: 4 bulk requests or 40 single ones.
    await expect.poll(() => requests, patience).toBe(text === "Hello" ? 8 : 80);
    await change("pauseCampaign", id);
    const begun = double.requests.length;
    gate.resolve();
    await expect.poll(async () => (await show(id)).counts["submitted"], patience).toBe(begun);
    const { status, messagesPerSecond, estimatedCompletionAt, counts } = await show(id);
    expect({ status, messagesPerSecond, estimatedCompletionAt }).toEqual({
      status: "PAUSED",
      messagesPerSecond: 0,
      estimatedCompletionAt: null,
    });
    expect(counts).toMatchObject({ queued: count - begun, submitting: 0 });
    expect(double.requests.length).toBe(begun);
    await change("resumeCampaign", id);
    await expect.poll(() => double.requests.length, patience).toBeGreaterThan(begun);
    await change("cancelCampaign", id);
  },
);

it.each(texts)(
  "a cancelled campaign also cancels messages that a provider refuses later, with two workers: %s",
  { timeout: 300_000 },
  async (text) => {
    double.plan = () => ({ before: gate.promise, outcome: "busy" });
    const count = 10_000;
    const id = await create(count, text);
    await expect.poll(() => double.requests.length, patience).toBeGreaterThan(30);
    // Most recipients are not messages yet.
    await change("cancelCampaign", id);
    gate.resolve();
    await expect.poll(async () => (await show(id)).counts["cancelled"], patience).toBe(count);
    const { status, counts } = await show(id);
    expect(status).toBe("CANCELLED");
    expect(counts).toMatchObject({ total: count, queued: 0, submitting: 0, outcomeUnknown: 0, delivered: 0 });
    expect(double.accepted).toEqual([]);
  },
);
