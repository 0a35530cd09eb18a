import { expect, test } from "vitest";
import { startTestApp } from "../support/app.ts";
import { addLines, sendAll } from "../support/live.ts";
import { connectProvider } from "../support/mutations.ts";
import { eventually } from "../support/process.ts";
import { atEnd } from "../support/side-by-side.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";
import { createWebhook } from "../support/webhooks.ts";

const scheduledAt = new Date(Date.now() + 86_400_000).toISOString();

test("a worker that stops delivers what lies before its last request, so that the next one repeats nothing", async () => {
  const api = await startTestApp({ runsWorker: false });
  atEnd(() => api.stop());
  const { databaseUrl, secretKey } = api;
  const startWorker = () => startTestApp({ databaseUrl, secretKey, runsApi: false });
  const first = await startWorker();
  await connectProvider(api.client, { defaultSender: "smsgraph" });
  const receiver = await startWebhookReceiver();
  atEnd(() => receiver.close());
  const held = Promise.withResolvers<void>();
  let slow: string | undefined;
  receiver.answer(async ({ body }, response) => {
    const { clientRef, id } = (body.data.message ?? {}) as { clientRef?: string; id?: string };
    if (clientRef === "slow" && slow === undefined) {
      slow = id;
      await held.promise;
    }
    response.writeHead(200).end();
  });
  await createWebhook(api.client, { url: receiver.url });
  // With every success more requests may be under way.
  await sendAll(
    api,
    Array.from({ length: 5 }, () => ({ scheduledAt })),
  );
  await eventually(() => receiver.taken().length === 5);
  const { ids } = await sendAll(api, [{ scheduledAt, clientRef: "slow" }]);
  await addLines(api, ids);
  await sendAll(api, [{ scheduledAt }, { scheduledAt }]);
  await eventually(() => receiver.taken().length === 7);
  expect(receiver.requests).toHaveLength(8);
  const stopped = first.stop();
  held.resolve();
  await stopped;
  expect(receiver.taken()).toHaveLength(9);
  const second = await startWorker();
  atEnd(() => second.stop());
  await sendAll(api, [{ scheduledAt }]);
  await eventually(() => receiver.taken().length === 10);
  expect(receiver.requests).toHaveLength(10);
});

test("a worker that lost a webhook and gets it back at once delivers again", async () => {
  const app = await startTestApp();
  atEnd(() => app.stop());
  await connectProvider(app.client, { defaultSender: "smsgraph" });
  const receiver = await startWebhookReceiver();
  atEnd(() => receiver.close());
  const held = Promise.withResolvers<void>();
  receiver.answer(async (_received, response) => {
    if (receiver.requests.length === 2) await held.promise;
    response.writeHead(200).end();
  });
  await createWebhook(app.client, { url: receiver.url });
  await sendAll(app, [{ scheduledAt }, { scheduledAt }]);
  await eventually(() => receiver.requests.length === 2);

  // Another worker takes the webhook while the progress waits to be stored, and dies.
  const { pool } = app.services.database;
  const other = await pool.connect();
  await other.query("begin");
  await other.query("update webhooks set worker = gen_random_uuid()");
  held.resolve();
  await eventually(async () => {
    const { rows } = await pool.query(
      `select 1 from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and query like '%webhook_deliveries%'`,
    );
    return rows.length > 0;
  });
  await other.query("commit");
  other.release();

  await sendAll(app, [{ scheduledAt }]);
  await eventually(() => new Set(receiver.taken().map(({ id }) => id)).size === 3);
});
