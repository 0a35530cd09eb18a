import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createDrain } from "../../src/callbacks/drain.ts";
import { KeptBodies } from "../../src/callbacks/kept-bodies.ts";
import { claimDueDrains } from "../../src/connections/drain-rounds.ts";
import type { Database } from "../../src/database/database.ts";
import { decodeId, encodeId } from "../../src/lib/global-id.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { type Answer, json, serveAnswers } from "../providers/serve-answers.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { queueMessage } from "../support/callbacks.ts";

/** Receipts that a provider hands out only once: what becomes of them, and how often the queue is read. */

let app: TestApp;
let providerId: string;
let now: number;

const clock = { now: () => new Date(now) };
const logger = createLogger({ level: "silent" });
const empty = json({ results: [] });
const minute = 60_000;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(() => app.stop());

beforeEach(() => {
  now = Date.now();
});

/** A connection whose queue gives these answers and is then empty. Returns its drain. */
async function connect(...answers: Answer[]) {
  const { origin, requests } = await serveAnswers(() => answers.shift() ?? empty);
  const { connectProvider } = await app.client.data<{ connectProvider: { id: string } }>(
    `mutation ($input: ConnectProviderInput!) {
      connectProvider(input: $input) { ... on Provider { id } ... on Error { code message } }
    }`,
    { input: { qikli: { name: "Queue", username: "u", password: "p", baseUrl: origin } } },
  );
  providerId = decodeId("Provider", connectProvider.id);
  const drain = createDrain({ ...app.services, clock, logger, kept: new KeptBodies() });
  const message = { providerId: connectProvider.id, from: "smsgraph" };
  return { answers, requests, drain: () => drain(providerId), queue: () => queueMessage(app, message) };
}

const delivered = { groupId: 3, groupName: "DELIVERED", id: 5, name: "DELIVERED_TO_HANDSET" };
const reportOn = (messageId: string) => ({ messageId, to: "421901000000", status: delivered });

const statusOf = async (id: string): Promise<string> =>
  (await app.services.database.prisma.message.findUniqueOrThrow({ where: { id } })).status;

const stored = () => app.services.database.prisma.callback.findMany({ where: { providerId } });

it("a drain applies readable reports and quarantines a body with an unreadable one", async () => {
  const { answers, drain, queue } = await connect();
  const id = await queue();
  answers.push(json({ results: [{ messageId: randomUUID() }, reportOn(id)] }));
  await drain();
  expect(await statusOf(id)).toBe("DELIVERED");
  expect(await stored()).toMatchObject([
    { state: "QUARANTINED", source: "POLL", problem: expect.stringContaining("1 of 2 reports") },
  ]);
});

it("a drain reads bodies that an earlier process stored but did not read", async () => {
  const { drain, queue } = await connect();
  const id = await queue();
  await app.services.database.prisma.callback.create({
    data: {
      providerId,
      receivedAt: clock.now(),
      contentType: "application/json",
      body: JSON.stringify({ results: [reportOn(id)] }),
      source: "POLL",
      state: "UNREAD",
    },
  });
  await drain();
  expect(await statusOf(id)).toBe("DELIVERED");
  expect(await stored()).toMatchObject([{ state: "PROCESSED", problem: null }]);
});

it("a drain keeps what it took until the database is back", async () => {
  const { answers, queue } = await connect();
  const id = await queue();
  answers.push(json({ results: [reportOn(id)] }));
  const { database } = app.services;
  let failures = 0;
  const absent: Database = {
    ...database,
    query: (statement, values) =>
      statement.name === "store_unread_receipts" && failures++ === 0
        ? Promise.reject(new Error("the connection was terminated"))
        : database.query(statement, values),
  };
  await createDrain({ ...app.services, database: absent, clock, logger, kept: new KeptBodies() })(providerId);
  expect(failures).toBe(2);
  expect(await statusOf(id)).toBe("DELIVERED");
});

it("a drain leaves a failing provider alone as long as it asks, and longer after each failure", async () => {
  const busy: Answer = { status: 429, headers: { "retry-after": "60" } };
  const { requests, drain } = await connect(busy, { status: 401 }, { status: 401 });
  const drainAfter = async (milliseconds: number): Promise<number> => {
    now += milliseconds;
    await drain();
    return requests.length;
  };
  expect(await drainAfter(0)).toBe(1);
  expect(await drainAfter(minute - 1)).toBe(1);
  expect(await drainAfter(1)).toBe(2);
  expect(await drainAfter(9_999)).toBe(2);
  expect(await drainAfter(1)).toBe(3);
  expect(await drainAfter(19_999)).toBe(3);
  expect(await drainAfter(1)).toBe(4);
  expect(await drainAfter(0)).toBe(5);
});

it("every worker leaves a failing queue alone until the connection is changed", async () => {
  const { requests, drain } = await connect({ status: 401 });
  await drain();
  now += minute - 1;
  const other = createDrain({ ...app.services, clock, logger, kept: new KeptBodies() });
  await app.services.database.prisma.provider.update({
    where: { id: providerId },
    data: { drainPausedUntil: new Date(now + 1) },
  });
  await other(providerId);
  expect(requests).toHaveLength(1);
  expect(await claimDueDrains(app.services.database, clock.now())).not.toContain(providerId);
  const id = encodeId("Provider", providerId);
  await app.client.data(
    "mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { __typename } }",
    { input: { id, password: "another" } },
  );
  expect(await claimDueDrains(app.services.database, clock.now())).toContain(providerId);
  await other(providerId);
  expect(requests).toHaveLength(2);
});

it("a worker whose clock was ahead keeps no queue from being read", async () => {
  const { requests, drain } = await connect({ status: 429, headers: { "retry-after": "999999" } });
  const right = now;
  now += 365 * 24 * 60 * minute;
  expect(await claimDueDrains(app.services.database, clock.now())).toContain(providerId);
  await drain();
  now = right;
  expect(await claimDueDrains(app.services.database, clock.now())).toContain(providerId);
  await drain();
  expect(requests.length).toBeGreaterThan(1);
});

it("a receipt queue is read by only one of many workers", async () => {
  await connect();
  const { database } = app.services;
  const claims = await Promise.all(Array.from({ length: 8 }, () => claimDueDrains(database, clock.now())));
  expect(claims.flat().filter((id) => id === providerId)).toHaveLength(1);
});

it("a receipt queue is read less often the longer nothing was submitted, and finally not at all", async () => {
  const { database } = app.services;
  const { queue } = await connect();
  const messageId = await queue();
  const isDueAfter = async (milliseconds: number): Promise<boolean> => {
    now += milliseconds;
    return (await claimDueDrains(database, clock.now())).includes(providerId);
  };
  expect(await isDueAfter(0)).toBe(true);
  expect(await isDueAfter(minute - 1)).toBe(false);
  expect(await isDueAfter(1)).toBe(true);

  await database.prisma.attempt.create({
    data: { messageId, number: 1, providerId, startedAt: clock.now() },
  });
  expect(await isDueAfter(2_000)).toBe(true);
  expect(await isDueAfter(2_000)).toBe(true);
  expect(await isDueAfter(5 * minute)).toBe(true);
  expect(await isDueAfter(2_000)).toBe(false);
  expect(await isDueAfter(8_000)).toBe(true);
  expect(await isDueAfter(60 * minute)).toBe(true);
  expect(await isDueAfter(10_000)).toBe(false);
  expect(await isDueAfter(50_000)).toBe(true);

  await database.prisma.provider.update({
    where: { id: providerId },
    data: { disconnectedAt: clock.now() },
  });
  expect(await isDueAfter(minute)).toBe(true);
  expect(await isDueAfter(96 * 60 * minute)).toBe(false);
});
