import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApp, type TestApp } from "../support/app.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { sendAll } from "../support/live.ts";
import { connectProvider } from "../support/mutations.ts";
import { eventually } from "../support/process.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../support/webhook-receiver.ts";
import { createWebhook, deleteWebhook, replayWebhook, updateWebhook } from "../support/webhooks.ts";

let app: TestApp;
let endpoint: WebhookReceiver;

beforeAll(async () => {
  endpoint = await startWebhookReceiver();
  app = await startTestApp({ webhookLimits: { retryDelaysMs: [50, 50, 50, 50, 50, 50, 50, 50] } });
});

afterAll(async () => {
  await app.stop();
  await endpoint.close();
});

interface Entry {
  id: string;
  cursor: string;
  action: string;
  targetId: string | null;
  actor: { keyName: string };
  before: object | null;
  after: object | null;
}

/** What arrived for a path, in order and each once, from the entry on that tells of its webhook. */
function arrived(name: string): Entry[] {
  const found = new Map<string, Entry>();
  for (const { path, body } of endpoint.requests) {
    if (path !== `/hook/${name}`) continue;
    const entries = body.type === "audit.entries" ? body.data["entries"] : [body.data];
    for (const entry of entries as Entry[]) if (!found.has(entry.id)) found.set(entry.id, entry);
  }
  const all = [...found.values()];
  // Where the log ends is only known up to the oldest transaction of the machine: a few entries may come before.
  return all.slice(
    all.findIndex(({ action, after }) => action === "WEBHOOK_CREATED" && urlOf(after) === name),
  );
}

const urlOf = (after: object | null): string | undefined =>
  after && "url" in after ? String(after.url).split("/").at(-1) : undefined;

const audit = { stream: "AUDIT" };
const rename = (id: string, name: string) =>
  app.client.data(`mutation { updateProvider(input: { id: "${id}", name: "${name}" }) { __typename } }`);

test("a webhook of the stream AUDIT gets each entry of the account once its change is stored, in order, as auditLog has it", async () => {
  const url = `${endpoint.url}/first`;
  const { webhook } = await createWebhook(app.client, { url, ...audit });
  const other = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
  await connectProvider(other);
  const id = await connectProvider(app.client, { defaultSender: "smsgraph" });
  for (const name of ["A", "B", "C"]) await rename(id, name);
  await sendAll(app, [{ to: "+421901000001" }]);
  await eventually(() => arrived("first").length >= 5);
  expect(arrived("first").map(({ action }) => action)).toEqual([
    "WEBHOOK_CREATED",
    "PROVIDER_CONNECTED",
    ...Array.from({ length: 3 }, () => "PROVIDER_UPDATED"),
  ]);
  expect(arrived("first").at(-1)).toMatchObject({
    before: { name: "B" },
    after: { name: "C" },
    targetId: id,
  });
  const { node } = await app.client.data<{ node: object }>(
    `query ($id: ID!) { node(id: $id) { ... on AuditEntry {
      id at action targetId before after actor { kind keyId keyName keyPrefix command address } } } }`,
    { id: arrived("first").at(-1)?.id },
  );
  expect(arrived("first").at(-1)).toEqual({ ...node, cursor: expect.any(String) as string });
  await deleteWebhook(app.client, webhook.id);
});

test("entries that an endpoint refuses wait for it, and those of another worker are not lost", async () => {
  const url = `${endpoint.url}/second`;
  let refusals = 3;
  endpoint.answer(({ path }, response) =>
    response.writeHead(path === "/hook/second" && refusals-- > 0 ? 503 : 204).end(),
  );
  const { webhook } = await createWebhook(app.client, { url, ...audit, batchSize: 10 });
  const id = await connectProvider(app.client);
  const { databaseUrl, secretKey } = app;
  const second = await startTestApp({ databaseUrl, secretKey });
  for (const name of ["D", "E", "F"]) await rename(id, name);
  await second.stop();
  for (const name of ["G", "H"]) await rename(id, name);
  await eventually(() => arrived("second").length >= 7);
  const names = arrived("second").map(({ after }) => (after && "name" in after ? after.name : undefined));
  expect(names).toEqual(["Hook", "TikoSMS", "D", "E", "F", "G", "H"]);
  await deleteWebhook(app.client, webhook.id);
  endpoint.answer((_received, response) => response.writeHead(204).end());
});

test("a replay of the audit log delivers again what was recorded since a time or a cursor, under the same ids", async () => {
  const url = `${endpoint.url}/third`;
  const { webhook } = await createWebhook(app.client, { url, ...audit });
  const id = await connectProvider(app.client);
  await eventually(() => arrived("third").length >= 2);
  const sent = () => endpoint.requests.filter(({ path }) => path === "/hook/third");
  const headerOf = ({ id: entryId }: Entry, requests = sent()) =>
    requests.find(({ body }) => body.data["id"] === entryId)?.headers["webhook-id"];
  const [made, connected] = arrived("third") as [Entry, Entry];
  const before = sent().length;
  await replayWebhook(app.client, { id: webhook.id, after: made.cursor });
  await eventually(() => sent().length > before);
  expect(sent()[before]?.headers["webhook-id"]).toBe(headerOf(connected));
  expect(sent()[before]?.body.data).toEqual(connected);
  await replayWebhook(app.client, { id: webhook.id, since: new Date(Date.now() - 3_600_000).toISOString() });
  const actions = () => sent().map(({ body }) => body.data["action"]);
  await eventually(() => actions().includes("API_KEY_CREATED"));
  await rename(id, "Last");
  await eventually(() => actions().includes("PROVIDER_UPDATED"));
  await deleteWebhook(app.client, webhook.id);
});

test("a key without ADMIN can neither make a webhook of the audit log, nor lead one elsewhere, and a filter of messages is refused", async () => {
  const hooks = new GraphqlClient(app.url, await app.createKey(["WEBHOOKS", "READ"]));
  const { url } = endpoint;
  await expect(createWebhook(hooks, { url, ...audit })).rejects.toThrow(/needs the scope ADMIN/);
  const { webhook } = await createWebhook(app.client, { url, ...audit });
  const stolen = { id: webhook.id, url: `${url}/stolen` };
  await expect(updateWebhook(hooks, stolen)).rejects.toThrow(/needs the scope ADMIN/);
  await expect(deleteWebhook(hooks, webhook.id)).rejects.toThrow(/needs the scope ADMIN/);
  const replay = { id: webhook.id, since: "2020-01-01T00:00:00Z" };
  await expect(replayWebhook(hooks, replay)).rejects.toThrow(/needs the scope ADMIN/);
  const filter = { status: ["DELIVERED"] };
  const refused = { code: "INVALID_INPUT", field: "filter" };
  expect(await createWebhook(app.client, { url, ...audit, filter })).toMatchObject(refused);
  expect(await updateWebhook(app.client, { id: webhook.id, filter })).toMatchObject(refused);
});
