import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { checkConnection } from "../../src/connections/check.ts";
import { decodeId, encodeId } from "../../src/lib/global-id.ts";
import { recordSignals } from "../../src/lanes/breaker.ts";
import { startTikosmsSandbox, type TikosmsSandbox } from "../../src/sandbox/tikosms/index.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { queueMessage } from "../support/callbacks.ts";
import { GraphqlClient } from "../support/graphql-client.ts";

/** `providerChanged`: which changes are sent, and to whom. */

let app: TestApp;
let other: TestApp;
let elsewhere: GraphqlClient;
let sandbox: TikosmsSandbox;
let id: string;

beforeAll(async () => {
  sandbox = await startTikosmsSandbox();
  app = await startTestApp({ runsWorker: false });
  // Another process on the same database.
  other = await startTestApp({ databaseUrl: app.databaseUrl, secretKey: app.secretKey, runsWorker: false });
  elsewhere = new GraphqlClient(other.url, app.key);
});

afterAll(async () => {
  await elsewhere.close();
  await other.stop();
  await app.stop();
  await sandbox.close();
});

beforeEach(async () => {
  id = await connect("Watched");
});

afterEach(() => app.client.close());

const opened = (process: TestApp, one: string) => process.services.connections.get(one);

async function connect(name: string): Promise<string> {
  const input = { tikosms: { name, apiToken: sandbox.token, baseUrl: sandbox.url } };
  const { connectProvider } = await app.client.data<{ connectProvider: { id: string } }>(
    "mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ... on Provider { id } } }",
    { input },
  );
  return connectProvider.id;
}

it("a change of one provider opens its connection anew in every process, and leaves the others as they are", async () => {
  const unchanged = decodeId("Provider", await connect("Unchanged"));
  const changed = await connect("Changed");
  const shownAt = async (process: TestApp) =>
    (await opened(process, decodeId("Provider", changed)))?.row.name;
  const rename = async (client: GraphqlClient, name: string) => {
    const input = { id: changed, name };
    await client.data(
      "mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { __typename } }",
      { input },
    );
  };
  expect(await Promise.all([app, other].map(shownAt))).toEqual(["Changed", "Changed"]);
  // Processes hear of changes in their order, so that by now each has heard that the unchanged one was connected.
  await rename(app.client, "Renamed here");
  await expect.poll(() => shownAt(other)).toBe("Renamed here");
  await rename(elsewhere, "Renamed there");
  await expect.poll(() => shownAt(app)).toBe("Renamed there");
  const before = await Promise.all([app, other].map((process) => opened(process, unchanged)));
  await rename(app.client, "Renamed again");
  await expect.poll(() => shownAt(other)).toBe("Renamed again");
  expect(await shownAt(app)).toBe("Renamed again");
  for (const [index, process] of [app, other].entries())
    expect((await opened(process, unchanged)) === before[index]).toBe(true);
});

interface Shown {
  id: string;
  name: string;
  enabled: boolean;
  balance: { amount: { amount: string } } | null;
  health: { breaker: string; lastError: string | null; queueDepth: number };
}

const fields = "id name enabled balance { amount { amount } } health { breaker lastError queueDepth }";
const subscription = `subscription ($id: ID) { providerChanged(id: $id) { ${fields} } }`;

interface Frame {
  data?: { providerChanged: Shown } | null;
  errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
}

function watch(client: GraphqlClient, variables: { id?: string }) {
  const frames = client.subscribe<{ providerChanged: Shown }>(subscription, variables);
  return {
    next: async (): Promise<Shown | undefined> =>
      ((await frames.next()).value as Frame).data?.providerChanged,
    error: async () => ((await frames.next()).value as Frame).errors?.[0]?.extensions?.["code"],
    end: () => frames.return?.(undefined),
  };
}

const update = (changes: object) =>
  app.client.data(
    "mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { __typename } }",
    { input: { id, ...changes } },
  );

/** Queues a message at the connection; no worker runs. */
const queue = (): Promise<string> => queueMessage(app, { providerId: id, from: "smsgraph" });

it("providerChanged sends the provider at once, then every change of the connection, in every process", async () => {
  const changes = watch(elsewhere, { id });
  expect(await changes.next()).toMatchObject({ id, name: "Watched", enabled: true });
  await update({ name: "Renamed" });
  expect(await changes.next()).toMatchObject({ name: "Renamed", enabled: true });
  await update({ enabled: false });
  expect(await changes.next()).toMatchObject({ name: "Renamed", enabled: false });
  await app.client.data("mutation ($id: ID!) { disconnectProvider(id: $id) { __typename } }", { id });
  expect(await changes.next()).toMatchObject({ id });
});

it("providerChanged sends errors and balances", async () => {
  const changes = watch(app.client, { id });
  expect(await changes.next()).toMatchObject({ balance: null, health: { lastError: null } });
  const connection = await app.services.connections.get(decodeId("Provider", id));
  if (!connection) throw new Error("The connection is gone");
  await checkConnection(app.services, connection);
  expect(await changes.next()).toMatchObject({ balance: { amount: { amount: "634.9288" } } });
  await update({ apiToken: "wrong" });
  await changes.next();
  const wrong = await app.services.connections.get(decodeId("Provider", id));
  if (!wrong) throw new Error("The connection is gone");
  await checkConnection(app.services, wrong);
  expect(await changes.next()).toMatchObject({ health: { lastError: expect.stringContaining("401") } });
});

it("providerChanged sends the opening of the breaker", async () => {
  const messageId = await queue();
  const changes = watch(app.client, { id });
  expect(await changes.next()).toMatchObject({ health: { breaker: "CLOSED", queueDepth: 1 } });
  const providerId = decodeId("Provider", id);
  const { database, clock } = app.services;
  const startedAt = clock.now();
  const failed = { outcome: "ambiguous", reason: "no answer", startedAt, finishedAt: startedAt };
  await database.prisma.attempt.createMany({
    data: Array.from({ length: 10 }, (_, index) => ({ messageId, providerId, number: index + 1, ...failed })),
  });
  await database.transaction((transaction) =>
    recordSignals(transaction, [{ providerId, startedAt, failed: true }], clock.now()),
  );
  expect(await changes.next()).toMatchObject({ health: { breaker: "OPEN" } });
});

it("providerChanged sends the length of the queue while it changes, at most once a second", async () => {
  const changes = watch(app.client, { id });
  expect(await changes.next()).toMatchObject({ health: { queueDepth: 0 } });
  const startedAt = performance.now();
  const lengths: number[] = [];
  const all = Promise.all(Array.from({ length: 20 }, queue));
  for (let length = 0; length < 20;) {
    length = (await changes.next())?.health.queueDepth ?? 0;
    lengths.push(length);
  }
  await all;
  const seconds = (performance.now() - startedAt) / 1000;
  expect(lengths.at(-1)).toBe(20);
  expect(lengths.length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
});

it("providerChanged sends all providers one after the other, and those connected later", async () => {
  const gone = await connect("Gone");
  await app.client.data("mutation ($id: ID!) { disconnectProvider(id: $id) { __typename } }", { id: gone });
  const { prisma } = app.services.database;
  const present = await prisma.provider.count({ where: { disconnectedAt: null } });
  const changes = watch(app.client, {});
  const shown: (string | undefined)[] = [];
  for (let index = 0; index < present; index++) shown.push((await changes.next())?.id);
  expect(new Set(shown).size).toBe(present);
  expect(shown).toContain(id);
  expect(shown).not.toContain(gone);
  const later = await connect("Later");
  expect(await changes.next()).toMatchObject({ id: later, name: "Later" });
});

it("providerChanged says when the provider is not in the account or does not exist", async () => {
  const foreign = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
  expect(await watch(foreign, { id }).error()).toBe("NOT_FOUND");
  expect(await watch(app.client, { id: encodeId("Provider", crypto.randomUUID()) }).error()).toBe(
    "NOT_FOUND",
  );
  expect(await watch(app.client, { id: "nonsense" }).error()).toBe("INVALID_ID");
  // Without an id, the foreign account does not see it either.
  const own = watch(foreign, {}).next();
  await update({ name: "Not theirs" });
  const silence = new Promise((done) => setTimeout(done, 300, "silence"));
  expect(await Promise.race([own, silence])).toBe("silence");
  await foreign.close();
});
