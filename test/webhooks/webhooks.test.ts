import { afterAll, beforeAll, expect, test } from "vitest";
import { WebhookVerificationError } from "standardwebhooks";
import { startTestApp, type TestApp } from "../support/app.ts";
import { eventually } from "../support/process.ts";
import { addLines, loggedIds, move, nextFrame, openStream, sendAll, untilSettled } from "../support/live.ts";
import { atEnd } from "../support/side-by-side.ts";
import {
  answerWith,
  eventsOf,
  startWebhookReceiver,
  verify,
  type WebhookReceiver,
} from "../support/webhook-receiver.ts";
import {
  createWebhook,
  deleteWebhook,
  readDeliveries,
  readWebhook,
  replayWebhook,
  rotateWebhookSecret,
  sendTestWebhook,
  updateWebhook,
} from "../support/webhooks.ts";
import { connectProvider } from "../support/mutations.ts";
import { decodeId } from "../../src/lib/global-id.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({
    webhookLimits: { retryDelaysMs: [20, 20, 20, 20, 20, 20, 20], timeoutMs: 2_000 },
  });
  // Nobody serves it, and nothing is sent: messages stay where the tests move them.
  await connectProvider(app.client, { defaultSender: "smsgraph" });
});

afterAll(() => app.stop());

async function receiver(): Promise<WebhookReceiver> {
  const started = await startWebhookReceiver();
  atEnd(() => started.close());
  return started;
}

/** A webhook of its own for the messages whose reference begins with its name. */
async function hook(name: string, input: object = {}) {
  const endpoint = await receiver();
  const { webhook, secret } = await createWebhook(app.client, {
    name,
    url: endpoint.url,
    filter: { clientRefPrefix: name },
    ...input,
  });
  atEnd(async () => void (await deleteWebhook(app.client, webhook.id)));
  return { endpoint, id: webhook.id, secret };
}

const later = new Date(Date.now() + 86_400_000).toISOString();

/** Messages that wait for tomorrow. */
const schedule = (clientRef: string, count: number) =>
  sendAll(
    app,
    Array.from({ length: count }, () => ({ clientRef, scheduledAt: later })),
  );

const eventIds = (endpoint: WebhookReceiver): string[] => endpoint.taken().map(({ id }) => id);

test("a webhook delivers each event once, signed as Standard Webhooks says, with what the stream shows", async () => {
  const { endpoint, secret } = await hook("signed");
  const { cursor } = await schedule("elsewhere", 1);
  await schedule("signed", 2);
  await eventually(() => endpoint.taken().length === 2);
  const bodies = endpoint.requests.map((request) => verify(secret, request));
  expect(bodies.map(({ type }) => type)).toEqual(["message.event", "message.event"]);
  const fields = `id cursor status providerStatus source applied ignoredReason version part parts
    failure { code text permanent } detail occurredAt receivedAt provider { id }
    message { id to from text clientRef country campaign { id } createdAt }`;
  const stream = app.client.subscribe<{ messageEvents: { events?: object[] } }>(
    `subscription ($after: Cursor) {
      messageEvents(after: $after, filter: { clientRefPrefix: "signed" }) { ... on MessageEventBatch { events { ${fields} } } }
    }`,
    { after: cursor },
  );
  const first = await stream.next();
  expect(bodies.map(({ data }) => data)).toEqual(first.value?.data?.messageEvents.events);
  const ids = endpoint.requests.map(({ headers }) => headers["webhook-id"]);
  expect(new Set(ids).size).toBe(2);
  for (const id of ids) expect(id).toMatch(/^msg_[\w-]{32}$/);
});

test("a receiver that checks the signature refuses a changed body and another secret", async () => {
  const { endpoint, secret } = await hook("tampered");
  await schedule("tampered", 1);
  await eventually(() => endpoint.requests.length === 1);
  const [request] = endpoint.requests;
  if (!request) throw new Error("nothing was received");
  const changed = { ...request, text: request.text.replace("SCHEDULED", "DELIVERED") };
  expect(() => verify(secret, changed)).toThrow(WebhookVerificationError);
  const other = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
  expect(() => verify(other, request)).toThrow(WebhookVerificationError);
});

test("a webhook without texts delivers everything but the text", async () => {
  const { endpoint } = await hook("bare", { withoutTexts: true });
  await schedule("bare", 1);
  await eventually(() => endpoint.taken().length === 1);
  const [event] = endpoint.taken();
  expect(event?.message).toMatchObject({ to: "+421901000000", clientRef: "bare" });
  expect(event?.message).not.toHaveProperty("text");
});

test("a webhook with batches gets many events in a request, in order and each once", async () => {
  const { endpoint, id, secret } = await hook("batch", { batchSize: 100 });
  endpoint.answer(answerWith(503));
  const { ids } = await schedule("batch", 5);
  await addLines(app, ids);
  await addLines(app, ids);
  await eventually(() => endpoint.requests.length > 0);
  endpoint.answer(answerWith(200));
  await updateWebhook(app.client, { id, enabled: true });
  await eventually(() => endpoint.taken().length === 15);
  for (const request of endpoint.requests) expect(verify(secret, request).type).toBe("message.events");
  const logged = await loggedIds(app);
  const delivered = eventIds(endpoint).map((global) => decodeId("MessageEvent", global));
  expect(delivered).toEqual(logged.filter((one) => delivered.includes(one)));
  expect(Math.max(...endpoint.requests.map(({ body }) => eventsOf(body).length))).toBeGreaterThan(1);
});

test("a batch that failed is repeated as it was, under the same id", async () => {
  const { endpoint } = await hook("same", { batchSize: 3 });
  const more = Promise.withResolvers<void>();
  endpoint.answer(async (_received, response) => {
    const isFirst = endpoint.requests.length === 1;
    if (isFirst) await more.promise;
    response.writeHead(isFirst ? 500 : 200).end();
  });
  await schedule("same", 1);
  await eventually(() => endpoint.requests.length > 0);
  await schedule("same", 4);
  more.resolve();
  await eventually(() => endpoint.taken().length === 5);
  const [first, second] = endpoint.requests;
  expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
  expect(second?.text).toBe(first?.text);
  const [one, ...rest] = endpoint.requests.map(({ body }) => eventsOf(body).length);
  expect(one).toBe(1);
  for (const size of rest) expect(size).toBeLessThanOrEqual(3);
});

test("events of one message arrive one after the other, also while other messages are on their way", async () => {
  const { endpoint } = await hook("order");
  const open = new Set<string>();
  const overlaps: string[] = [];
  endpoint.answer(async ({ body }, response) => {
    const message = body.data.message?.id ?? "";
    if (open.has(message)) overlaps.push(message);
    open.add(message);
    await new Promise((done) => setTimeout(done, 5));
    open.delete(message);
    response.writeHead(200).end();
  });
  const { ids } = await schedule("order", 8);
  await move(app, ids, ["QUEUED", "SUBMITTING", "SUBMITTED", "SENT", "DELIVERED"]);
  await eventually(() => endpoint.taken().length === 48);
  expect(overlaps).toEqual([]);
  for (const events of Map.groupBy(endpoint.taken(), ({ message }) => message.id).values()) {
    expect(events.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
  }
});

test("an endpoint that fails gets the same request again until it takes it, and the delivery lists the attempts", async () => {
  const { endpoint, id, secret } = await hook("again");
  let left = 3;
  endpoint.answer(({ body }, response) =>
    response.writeHead(body.type === "message.event" && left-- > 0 ? 500 : 200).end(),
  );
  await schedule("again", 2);
  await eventually(() => endpoint.taken().length === 2);
  const tries = Map.groupBy(endpoint.requests, ({ headers }) => headers["webhook-id"]);
  for (const requests of tries.values()) {
    expect(new Set(requests.map(({ text }) => text)).size).toBe(1);
    for (const request of requests) verify(secret, request);
  }
  await eventually(async () => (await readDeliveries(app.client, id)).length === 2);
  await eventually(async () =>
    (await readDeliveries(app.client, id)).every(({ status }) => status === "DELIVERED"),
  );
  const deliveries = await readDeliveries(app.client, id);
  expect(deliveries.map(({ attempts }) => attempts).reduce((sum, one) => sum + one)).toBe(5);
  expect(deliveries.map(({ responseCode }) => responseCode)).toEqual([200, 200]);
  expect(await readWebhook(app.client, id)).toMatchObject({ status: "ACTIVE", problem: null });
});

test("an endpoint that fails eight times is disabled with a reason, and continues without a gap when enabled", async () => {
  const { endpoint, id } = await hook("dead");
  endpoint.answer(answerWith(500));
  await schedule("dead", 3);
  await eventually(async () => (await readWebhook(app.client, id))?.status === "DISABLED");
  const disabled = await readWebhook(app.client, id);
  expect(disabled?.problem).toMatch(
    /^Disabled\. The endpoint failed 8 times in a row since \S+, the last time with: it answered 500\. Mend it and enable/,
  );
  expect(disabled?.disabledAt).not.toBeNull();
  expect(app.log.some((line) => line.includes("is disabled") && line.includes(decodeId("Webhook", id)))).toBe(
    true,
  );
  const [delivery] = (await readDeliveries(app.client, id)).toReversed();
  expect(delivery).toMatchObject({
    status: "FAILED",
    attempts: 8,
    responseCode: 500,
    problem: "it answered 500",
  });
  endpoint.answer(answerWith(200));
  await schedule("dead", 1);
  await updateWebhook(app.client, { id, enabled: true });
  await eventually(() => endpoint.taken().length === 4);
  expect(await readWebhook(app.client, id)).toMatchObject({ status: "ACTIVE", disabledAt: null });
});

test("410 disables a webhook at once", async () => {
  const { endpoint, id } = await hook("gone");
  endpoint.answer(answerWith(410));
  await schedule("gone", 1);
  await eventually(async () => (await readWebhook(app.client, id))?.status === "DISABLED");
  expect(endpoint.requests).toHaveLength(1);
  expect((await readWebhook(app.client, id))?.problem).toMatch(/410 Gone/);
});

test("Retry-After makes the pause longer than planned", async () => {
  const { endpoint, id } = await hook("later");
  endpoint.answer(answerWith(429, { "retry-after": "3600" }));
  await schedule("later", 1);
  await eventually(async () => (await readWebhook(app.client, id))?.status === "RETRYING");
  const { nextAttemptAt, problem } = (await readWebhook(app.client, id)) ?? {};
  expect(new Date(nextAttemptAt ?? 0).getTime()).toBeGreaterThan(Date.now() + 3_500_000);
  expect(problem).toBe(
    `The endpoint failed once since ${/since (\S+),/.exec(problem ?? "")?.[1]}, the last time with: it answered 429. It is tried again at ${nextAttemptAt}.`,
  );
  expect(endpoint.requests).toHaveLength(1);
});

test("a redirect is not followed", async () => {
  const { endpoint, id } = await hook("elsewhere-bound");
  const other = await receiver();
  endpoint.answer(answerWith(307, { location: other.url }));
  await schedule("elsewhere-bound", 1);
  await eventually(async () => (await readDeliveries(app.client, id)).length === 1);
  expect((await readDeliveries(app.client, id))[0]?.problem).toBe(
    "it answered 307, and redirects are not followed",
  );
  expect(other.requests).toEqual([]);
});

test("an endless answer counts by its status and is broken off", async () => {
  const { endpoint } = await hook("endless");
  let isBrokenOff = false;
  endpoint.answer((_received, response) => {
    response.writeHead(200);
    const write = (): void => {
      while (response.write("x".repeat(65_536)));
    };
    response.on("drain", write).on("close", () => (isBrokenOff = true));
    write();
  });
  await schedule("endless", 1);
  await eventually(() => isBrokenOff);
  expect(endpoint.requests).toHaveLength(1);
});

test("an endpoint that never answers ends a request after its limit", async () => {
  const { endpoint, id } = await hook("silent");
  endpoint.answer(() => undefined);
  await schedule("silent", 1);
  await eventually(async () => (await readDeliveries(app.client, id)).length === 1);
  expect((await readDeliveries(app.client, id))[0]).toMatchObject({
    status: "FAILED",
    responseCode: null,
    problem: "no answer within 2 s",
  });
});

test("an endpoint that never answers is asked for one event at a time and costs the others nothing", async () => {
  const dead = await hook("dead-beside", { filter: { clientRefPrefix: "beside" } });
  const alive = await hook("beside");
  dead.endpoint.answer(() => undefined);
  await schedule("beside", 60);
  await eventually(() => alive.endpoint.taken().length === 60);
  await eventually(() => dead.endpoint.requests.length > 0);
  expect(new Set(dead.endpoint.requests.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
});

test("after a rotation both secrets verify every request, and only the answers show them", async () => {
  const { endpoint, id, secret } = await hook("rotated");
  const { secret: renewed, webhook } = await rotateWebhookSecret(app.client, id);
  expect(new Date(webhook.earlierSecretUntil).getTime()).toBeGreaterThan(Date.now() + 23 * 3_600_000);
  await schedule("rotated", 1);
  await eventually(() => endpoint.requests.length === 1);
  const [request] = endpoint.requests;
  if (!request) throw new Error("nothing was received");
  for (const one of [secret, renewed]) expect(verify(one, request).type).toBe("message.event");
  expect(request.headers["webhook-signature"]).toMatch(/^v1,\S+ v1,\S+$/);
  const { rows } = await app.services.database.pool.query<{ secrets: Buffer }>(
    "select secrets from webhooks",
  );
  const stored = rows.map(({ secrets }) => secrets.toString("latin1")).join("");
  for (const one of [secret, renewed]) {
    expect(stored).not.toContain(one.slice(6));
    expect(app.log.join("")).not.toContain(one.slice(6));
  }
});

test("a test request is signed, of its own type, and tells what the endpoint answered", async () => {
  const { endpoint, id, secret } = await hook("test");
  expect(await sendTestWebhook(app.client, id)).toEqual({
    delivered: true,
    responseCode: 204,
    problem: null,
  });
  const [request] = endpoint.requests;
  if (!request) throw new Error("nothing was received");
  expect(verify(secret, request)).toMatchObject({
    type: "webhook.test",
    data: { webhook: { id, name: "test" } },
  });
  endpoint.answer(answerWith(500));
  expect(await sendTestWebhook(app.client, id)).toEqual({
    delivered: false,
    responseCode: 500,
    problem: "it answered 500",
  });
});

test("a replay after a cursor delivers the same events under the same ids", async () => {
  const { endpoint, id } = await hook("replay");
  await schedule("replay", 3);
  await eventually(() => endpoint.requests.length === 3);
  const [first] = endpoint.taken();
  await replayWebhook(app.client, { id, after: first?.cursor });
  await eventually(() => endpoint.requests.length === 5);
  const ids = endpoint.requests.map(({ headers }) => headers["webhook-id"] ?? "");
  expect(new Set(ids.slice(3))).toEqual(new Set(ids.slice(1, 3)));
});

test("a replay since a time delivers what was learned since then", async () => {
  const { endpoint, id } = await hook("since");
  const start = new Date();
  await schedule("since", 2);
  await eventually(() => endpoint.requests.length === 2);
  await replayWebhook(app.client, { id, since: start.toISOString() });
  await eventually(() => endpoint.requests.length === 4);
  expect(endpoint.taken()).toHaveLength(2);
});

test("a replay refuses two starts, none, and a time or a place that is not there yet", async () => {
  const { id } = await hook("bad-replay");
  const now = new Date().toISOString();
  const ahead = Buffer.from("1:9000000000000000000").toString("base64url");
  const refused = { code: "INVALID_INPUT" };
  expect(await replayWebhook(app.client, { id })).toMatchObject(refused);
  expect(await replayWebhook(app.client, { id, after: ahead, since: now })).toMatchObject(refused);
  expect(await replayWebhook(app.client, { id, since: later })).toMatchObject({ ...refused, field: "since" });
  expect(await replayWebhook(app.client, { id, after: ahead })).toMatchObject({ ...refused, field: "after" });
  expect(await replayWebhook(app.client, { id, after: "x" })).toMatchObject({ code: "INVALID_CURSOR" });
});

test.each([
  ["EXPIRED", "older than the log", "0"],
  ["AHEAD_OF_LOG", "ahead of the log", "9000000000000000000"],
])("%s: a webhook whose cursor is %s is told so, and continues from there", async (reason, _words, tx) => {
  const { endpoint, id } = await hook(reason);
  await updateWebhook(app.client, { id, enabled: false });
  const { database } = app.services;
  const local = decodeId("Webhook", id);
  await database.pool.query("update webhooks set cursor_tx = $2, cursor_id = 0 where id = $1", [local, tx]);
  await database.pool.query("update event_log_floor set tx = 1, event_id = 0");
  await updateWebhook(app.client, { id, enabled: true });
  await eventually(() => endpoint.requests.length === 1);
  expect(endpoint.requests[0]?.body).toMatchObject({ type: "stream.reset", data: { reason } });
  await schedule(reason, 1);
  await eventually(() => endpoint.taken().length === 1);
});

test("a backlog longer than what is kept in memory arrives completely, beside one that is up to date", async () => {
  const { endpoint, id } = await hook("backlog", { batchSize: 100 });
  const { ids } = await schedule("backlog", 100);
  await eventually(() => endpoint.taken().length === 100);
  await updateWebhook(app.client, { id, enabled: false });
  for (let count = 0; count < 110; count++) await addLines(app, ids);
  // A webhook begins where the log has settled.
  await untilSettled(app);
  const beside = await hook("backlog-beside", { filter: { clientRefPrefix: "backlog" }, batchSize: 100 });
  await updateWebhook(app.client, { id, enabled: true });
  await addLines(app, ids);
  await eventually(() => endpoint.taken().length === 100 + 11_100);
  await eventually(() => beside.endpoint.taken().length === 100);
  expect(new Set(eventIds(endpoint)).size).toBe(11_200);
});

test("a webhook that was deleted gets nothing more and cannot be found", async () => {
  const { endpoint, id } = await hook("deleted");
  await schedule("deleted", 1);
  await eventually(() => endpoint.taken().length === 1);
  expect(await deleteWebhook(app.client, id)).toMatchObject({ id, name: "deleted" });
  expect(await readWebhook(app.client, id)).toBeNull();
  expect(await deleteWebhook(app.client, id)).toMatchObject({ code: "NOT_FOUND" });
  const witness = await hook("deleted-witness", { filter: { clientRefPrefix: "deleted" } });
  await schedule("deleted", 1);
  await eventually(() => witness.endpoint.taken().length === 1);
  expect(endpoint.requests).toHaveLength(1);
});

test("a changed filter and address count for what happens after the worker has seen the change", async () => {
  const { endpoint, id } = await hook("changed");
  const other = await receiver();
  await updateWebhook(app.client, { id, url: other.url, filter: { clientRefPrefix: "moved" } });
  await schedule("moved", 1);
  await eventually(() => other.taken().length === 1);
  await schedule("changed", 1);
  await schedule("moved", 1);
  await eventually(() => other.taken().length === 2);
  expect(endpoint.requests).toEqual([]);
});

test("a stream shows nothing of another account's webhooks, and neither does a webhook", async () => {
  const endpoint = await receiver();
  const { id } = await hook("own");
  const { GraphqlClient } = await import("../support/graphql-client.ts");
  const stranger = new GraphqlClient(
    app.url,
    await app.createKey(["ADMIN", "READ"], await app.createAccount()),
  );
  atEnd(() => stranger.close());
  expect(await readWebhook(stranger, id)).toBeNull();
  expect(await updateWebhook(stranger, { id, name: "Mine" })).toMatchObject({ code: "NOT_FOUND" });
  expect(await sendTestWebhook(stranger, id)).toMatchObject({ code: "NOT_FOUND" });
  await createWebhook(stranger, { url: endpoint.url });
  const frames = await openStream(app.client);
  await schedule("own", 1);
  await nextFrame(frames);
  await frames.return?.();
  expect(endpoint.requests).toEqual([]);
});

test("an account sends so many test requests at once, and then has to wait", async () => {
  const client = app.client;
  const { endpoint, id } = await hook("many tests");
  const send = () => client.send(`mutation { sendTestWebhook(id: "${id}") { __typename } }`);
  const answers = [];
  for (let count = 0; count < 21; count++) answers.push(await send());
  expect(answers.at(-1)?.errors?.[0]?.extensions).toMatchObject({
    code: "TOO_MANY_REQUESTS",
    scope: "ACCOUNT",
    limit: "webhookTests",
    retryAfterSeconds: 5,
  });
  expect(endpoint.requests.length).toBeLessThanOrEqual(20);
});
