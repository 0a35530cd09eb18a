import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "../support/app.ts";
import { sendAll } from "../support/live.ts";
import { connectProvider } from "../support/mutations.ts";
import { eventually } from "../support/process.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../support/webhook-receiver.ts";
import { createWebhook, readDeliveries, sendTestWebhook, updateWebhook } from "../support/webhooks.ts";

/** An API that allows private addresses, and one with its worker that does not, on the same database. */
let open: TestApp;
let guarded: TestApp;
let endpoint: WebhookReceiver;

beforeAll(async () => {
  endpoint = await startWebhookReceiver();
  open = await startTestApp({ runsWorker: false, maxWebhooksPerAccount: 3 });
  const { databaseUrl, secretKey } = open;
  guarded = await startTestApp({ databaseUrl, secretKey, allowPrivateWebhooks: false });
  await connectProvider(open.client, { defaultSender: "smsgraph" });
});

afterAll(async () => {
  await guarded.stop();
  await open.stop();
  await endpoint.close();
});

test.each([
  ["http://example.com/hook", /must start with https/],
  ["http://127.0.0.1/hook", /must start with https/],
  ["https://127.0.0.1/hook", /private network/],
  ["https://10.1.2.3/hook", /private network/],
  ["https://169.254.169.254/latest/meta-data", /private network/],
  ["https://[::1]/hook", /private network/],
  ["https://2130706433/hook", /private network/],
  ["https://localhost/hook", /private network/],
  ["https://user:secret@example.com/hook", /no user name/],
  ["ftp://example.com/hook", /https address/],
  ["not an address", /https address/],
  [`https://example.com/${"a".repeat(2_000)}`, /at most 2000 characters/],
])("where private addresses are not allowed, a webhook to %s is refused", async (url, words) => {
  const refused = { code: "INVALID_INPUT", field: "url", message: expect.stringMatching(words) };
  expect(await createWebhook(guarded.client, { url })).toMatchObject(refused);
});

test("plain http to another host is refused also where private addresses are allowed", async () => {
  const refused = { code: "INVALID_INPUT", field: "url" };
  expect(await createWebhook(open.client, { url: "http://192.168.1.1/hook" })).toMatchObject(refused);
});

test("a name or a batch size out of range is refused", async () => {
  const { url } = endpoint;
  expect(await createWebhook(open.client, { url, name: " " })).toMatchObject({ field: "name" });
  expect(await createWebhook(open.client, { url, batchSize: 0 })).toMatchObject({ field: "batchSize" });
  expect(await createWebhook(open.client, { url, batchSize: 101 })).toMatchObject({ field: "batchSize" });
  expect(await createWebhook(open.client, { url, filter: { messageIds: [] } })).toMatchObject({
    field: "filter.messageIds",
  });
});

test("a private address that a name leads to later is refused on each connection", async () => {
  const { webhook } = await createWebhook(open.client, { url: endpoint.url });
  await sendAll(open, [{ scheduledAt: new Date(Date.now() + 86_400_000).toISOString() }]);
  await eventually(async () => (await readDeliveries(open.client, webhook.id)).length === 1);
  const problem = "the host is in a private network, which only ALLOW_PRIVATE_WEBHOOKS opens";
  expect((await readDeliveries(open.client, webhook.id))[0]).toMatchObject({ status: "FAILED", problem });
  // Of its own account: `guarded` has another.
  expect(endpoint.requests).toEqual([]);
  expect(await sendTestWebhook(open.client, webhook.id)).toMatchObject({ delivered: true });
  await updateWebhook(open.client, { id: webhook.id, enabled: false });
});

test("an account has no more webhooks than it may", async () => {
  const created = await Promise.all(
    Array.from({ length: 5 }, () => createWebhook(open.client, { url: endpoint.url })),
  );
  const refused = created.filter(({ code }) => code === "TOO_MANY_WEBHOOKS");
  expect(refused).toHaveLength(3);
  expect(refused[0]?.message).toMatch(/has 3 webhooks, and may have no more/);
});
