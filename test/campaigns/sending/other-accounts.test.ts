import { afterEach, beforeEach, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { createCampaign } from "../../support/campaigns.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { connectProvider } from "../../support/mutations.ts";
import { startProviderDouble, type ProviderDouble } from "../../support/provider-double.ts";
import { numbersOf } from "../../support/stored-campaigns.ts";

/** What campaigns of one account cost those of another. */

let app: TestApp;
let other: { client: GraphqlClient };
let slow: ProviderDouble;
let quick: ProviderDouble;

beforeEach(async () => {
  [app, slow, quick] = await Promise.all([startTestApp(), startProviderDouble(), startProviderDouble()]);
  other = { client: new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount())) };
  quick.plan = () => ({ report: "never" });
  await connect(other.client, quick);
});

afterEach(async () => {
  await other.client.close();
  await app.stop();
  await slow.close();
  await quick.close();
});

const connect = (
  client: GraphqlClient,
  { url: baseUrl, token: apiToken }: ProviderDouble,
  name = "TikoSMS",
): Promise<string> => connectProvider(client, { name, baseUrl, apiToken, defaultSender: "smsgraph" });

const patience = { timeout: 60_000, interval: 50 };

async function countsOf({ client }: { client: GraphqlClient }, id: string): Promise<Record<string, number>> {
  const { campaign } = await client.data<{ campaign: { counts: Record<string, number> } }>(
    "query ($id: ID!) { campaign(id: $id) { counts { queued submitting submitted } } }",
    { id },
  );
  return campaign.counts;
}

const submittingOf = async (accountId: string): Promise<number> =>
  app.services.database.prisma.message.count({ where: { accountId, status: "SUBMITTING" } });

it("providers that take long to answer do not keep another account's campaign from being sent", async () => {
  const gate = Promise.withResolvers<void>();
  slow.plan = () => ({ before: gate.promise, report: "never" });
  try {
    const ids = await Promise.all(["a", "b", "c", "d"].map((name) => connect(app.client, slow, name)));
    await Promise.all(
      ids.map((providerId) =>
        createCampaign(app, { providerId, recipients: numbersOf(2_500).map((to) => ({ to })) }),
      ),
    );
    // What one account may have on its way; it has more to send.
    await expect.poll(() => submittingOf(app.accountId), patience).toBe(5_000);
    const { id } = await createCampaign(other, { recipients: numbersOf(20).map((to) => ({ to })) });
    await expect.poll(async () => (await countsOf(other, id))["submitted"], patience).toBe(20);
    expect(await submittingOf(app.accountId)).toBe(5_000);
  } finally {
    gate.resolve();
  }
}, 180_000);

it("an urgent campaign goes before others of its account, not before those of other accounts", async () => {
  slow.plan = () => ({ report: "never" });
  await connect(app.client, slow);
  const recipients = numbersOf(4_000).map((to) => ({ to, values: { name: to } }));
  const large = await createCampaign(app, { text: "Hello {{name}}", recipients, priority: "HIGH" });
  await expect.poll(() => slow.requests.length, patience).toBeGreaterThan(0);
  const { id } = await createCampaign(other, { recipients: numbersOf(20).map((to) => ({ to })) });
  await expect.poll(async () => (await countsOf(other, id))["submitted"], patience).toBe(20);
  expect((await countsOf(app, large.id))["queued"]).toBeGreaterThan(0);
}, 180_000);
