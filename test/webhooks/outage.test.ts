import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "../support/app.ts";
import { sendAll } from "../support/live.ts";
import { connectProvider } from "../support/mutations.ts";
import { eventually } from "../support/process.ts";
import { atEnd } from "../support/side-by-side.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../support/webhook-receiver.ts";
import { createWebhook } from "../support/webhooks.ts";

/** The API reaches the database, and the worker does while the proxy lets it. */
let api: TestApp;
let worker: TestApp;
let proxy: TcpProxy;
let isStopped = false;

beforeAll(async () => {
  api = await startTestApp({ runsWorker: false });
  await connectProvider(api.client, { defaultSender: "smsgraph" });
  const url = new URL(api.databaseUrl);
  proxy = await startTcpProxy(Number(url.port));
  url.port = String(proxy.port);
  url.hostname = "127.0.0.1";
  worker = await startTestApp({ databaseUrl: url.href, secretKey: api.secretKey, runsApi: false });
});

afterAll(async () => {
  proxy.mend();
  if (!isStopped) await worker.stop();
  await proxy.close();
  await api.stop();
});

async function hook(batchSize: number): Promise<WebhookReceiver> {
  const receiver = await startWebhookReceiver();
  atEnd(() => receiver.close());
  await createWebhook(api.client, { url: receiver.url, batchSize });
  return receiver;
}

const schedule = (count: number) =>
  sendAll(
    api,
    Array.from({ length: count }, () => ({ scheduledAt: new Date(Date.now() + 86_400_000).toISOString() })),
  );

test("webhooks continue without a gap after their worker could not reach the database, and it can stop while it cannot", async () => {
  const hooks = [await hook(1), await hook(10)];
  await schedule(3);
  await eventually(() => hooks.every((one) => one.taken().length === 3));
  proxy.break();
  await schedule(5);
  proxy.mend();
  proxy.cut();
  await schedule(5);
  await eventually(() => hooks.every((one) => one.taken().length === 13));
  for (const one of hooks) {
    expect(new Set(one.taken().map(({ id }) => id)).size).toBe(13);
  }
  proxy.break();
  isStopped = true;
  await worker.stop().catch(() => undefined);
});
