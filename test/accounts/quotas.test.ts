import { afterAll, beforeAll, expect, it } from "vitest";
import { countStoredMessages } from "../../src/accounts/quotas.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";

let app: TestApp;
let closeSandbox: () => Promise<unknown>;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false, quotas: { KEYS: 2, CAMPAIGNS: 1, STORED_MESSAGES: 1 } });
  const { sandbox } = await connectTestSandbox(app);
  closeSandbox = () => sandbox.close();
});

afterAll(async () => {
  await closeSandbox();
  await app.stop();
});

const error = "... on QuotaExceededError { code kind limit used message }";
const ask = async (field: string): Promise<unknown> =>
  (await app.client.data<{ result: unknown }>(`mutation { result: ${field} { __typename ${error} } }`))
    .result;

it("an account has no more keys, campaigns and messages than its quotas allow, and sees how many", async () => {
  const createKey = 'createApiKey(input: { name: "x", scopes: [READ] })';
  expect(await ask(createKey)).toEqual({ __typename: "CreatedApiKey" });
  expect(await ask(createKey)).toMatchObject({
    code: "QUOTA_EXCEEDED",
    kind: "KEYS",
    limit: 2,
    used: 2,
    message: expect.stringContaining("Revoke one first"),
  });
  const viewed = await app.client.data<{ apiKeys: { edges: { node: { id: string } }[] } }>(
    "{ apiKeys(first: 1) { edges { node { id } } } }",
  );
  const rotate = (hours: number) =>
    `rotateApiKey(id: "${viewed.apiKeys.edges[0]?.node.id}", overlapHours: ${hours})`;
  expect(await ask(rotate(24))).toMatchObject({ kind: "KEYS", limit: 2, used: 2 });
  expect(await ask(rotate(0))).toEqual({ __typename: "CreatedApiKey" });
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  const createCampaign = `createCampaign(input: { name: "C", text: "Hello", recipients: [{ to: "+421901000000" }], scheduledAt: "${tomorrow}" })`;
  expect(await ask(createCampaign)).toEqual({ __typename: "Campaign" });
  expect(await ask(createCampaign)).toMatchObject({ kind: "CAMPAIGNS", limit: 1, used: 1 });
});

it("stored messages are counted now and then, and then no more are taken", async () => {
  const send = 'sendMessage(input: { to: "+421901000000", text: "Hello" })';
  expect(await ask(send)).toEqual({ __typename: "Message" });
  await countStoredMessages(app.services.database);
  await expect.poll(() => ask(send)).toMatchObject({ kind: "STORED_MESSAGES", limit: 1 });
  expect(await app.client.data("{ viewer { quotas { kind used limit } } }")).toEqual({
    viewer: {
      quotas: [
        { kind: "PROVIDERS", used: 1, limit: 100 },
        { kind: "KEYS", used: 2, limit: 2 },
        { kind: "CAMPAIGNS", used: expect.any(Number), limit: 1 },
        { kind: "WEBHOOKS", used: 0, limit: 100 },
        { kind: "STORED_MESSAGES", used: expect.any(Number), limit: 1 },
      ],
    },
  });
});
