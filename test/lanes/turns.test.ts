import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTurn, noTurnText } from "../../src/lanes/turns.ts";
import { decodeId } from "../../src/lib/global-id.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { lookUpMessages, reconcileMessage } from "../../src/messages/receipts/look-up.ts";
import { type Answer, json, serveAnswers } from "../providers/serve-answers.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { queueMessage } from "../support/callbacks.ts";

/** Questions to a provider: how they share its lane with the submissions, and when they are not asked at all. */

let app: TestApp;
let now: number;
const clock = { now: () => new Date(now) };
const logger = createLogger({ level: "silent" });

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false, clock: { now: () => new Date(now) } });
});

afterAll(() => app.stop());

beforeEach(() => {
  now = Date.now();
});

async function connect(answer: () => Answer, input: object = {}, kind = "tikosms") {
  const { origin, requests } = await serveAnswers(answer);
  const credentials = kind === "qikli" ? { username: "u", password: "p" } : { apiToken: "secret-token" };
  const { connectProvider } = await app.client.data<{ connectProvider: { id: string } }>(
    `mutation ($input: ConnectProviderInput!) {
      connectProvider(input: $input) { ... on Provider { id } ... on Error { code message } }
    }`,
    { input: { [kind]: { name: "Asked", baseUrl: origin, ...credentials, ...input } } },
  );
  const shownId = connectProvider.id;
  return { requests, shownId, providerId: decodeId("Provider", shownId) };
}

/** Messages in this status, each under an id of the provider. */
async function store(
  shownId: string,
  count: number,
  status: "SUBMITTED" | "OUTCOME_UNKNOWN",
): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    const id = await queueMessage(app, { providerId: shownId, from: "smsgraph" });
    const providerMessageId = status === "SUBMITTED" ? `provider-${id}` : null;
    await app.services.database.prisma.message.update({ where: { id }, data: { status, providerMessageId } });
    ids.push(id);
  }
  return ids;
}

const options = () => ({ ...app.services, clock, logger });
const unknown: Answer = json({ success: false, error: "Message(s) not found" }, 404);

interface Job {
  task: string;
  payload: { providerId?: string; messageIds?: string[]; messageId?: string; isFirst?: boolean };
  runAt: Date;
}

/** The questions that wait in the queue for this provider or message. */
async function waiting(id: string): Promise<Job[]> {
  const { rows } = await app.services.database.pool.query<Job>(
    `select t.identifier as task, j.payload, j.run_at as "runAt"
    from graphile_worker._private_jobs as j join graphile_worker._private_tasks as t on t.id = j.task_id
    where j.payload::text like '%' || $1 || '%' and t.identifier in ('look-up', 'reconcile')`,
    [id],
  );
  return rows;
}

const setLane = (providerId: string, data: object) =>
  app.services.database.prisma.lane.update({ where: { providerId }, data });

const turnOf = (id: string, maxPerSecond: number | null) =>
  createTurn({ database: app.services.database, clock }, { id, maxPerSecond });

const statusOf = async (id: string): Promise<string> =>
  (await app.services.database.prisma.message.findUniqueOrThrow({ where: { id } })).status;

describe("a turn", () => {
  it("costs a token, of those that come every second", async () => {
    const { providerId } = await connect(() => unknown, { maxPerSecond: 2 });
    await setLane(providerId, { tokens: 1, refilledAt: clock.now(), askedAt: clock.now() });
    const turn = turnOf(providerId, 2);
    expect(await turn()).toBeUndefined();
    const second = turn();
    const early = await Promise.race([second, new Promise((done) => setTimeout(done, 100, "waits"))]);
    expect(early).toBe("waits");
    now += 500;
    expect(await second).toBeUndefined();
  });

  it("comes after the submissions that wait, but for one in ten", async () => {
    const { providerId } = await connect(() => unknown, { maxPerSecond: 2 });
    const later = new Date(now + 3_600_000);
    await setLane(providerId, {
      tokens: 1,
      refilledAt: clock.now(),
      wantedUntil: later,
      askedAt: clock.now(),
    });
    const turn = turnOf(providerId, 2);
    const first = turn();
    now += 4_999;
    expect(await first).toBe(noTurnText);
    now += 1;
    expect(await turn()).toBeUndefined();
    const { tokens } = await app.services.database.prisma.lane.findUniqueOrThrow({ where: { providerId } });
    expect(tokens).toBe(0);
  });

  it("costs nothing where there is no limit", async () => {
    const { providerId } = await connect(() => unknown);
    const turn = turnOf(providerId, null);
    expect(await Promise.all(Array.from({ length: 100 }, turn))).toEqual(Array(100).fill(undefined));
  });
});

describe("looking up", () => {
  it("asks about all at once without a limit", async () => {
    const { requests, shownId, providerId } = await connect(() => unknown);
    const messageIds = await store(shownId, 5, "SUBMITTED");
    await lookUpMessages(options(), { providerId, messageIds });
    expect(requests).toHaveLength(5);
    expect(await waiting(providerId)).toEqual([]);
  });

  it("asks about as many as a few seconds have room for, and about the others later", async () => {
    const { requests, shownId, providerId } = await connect(() => unknown, { maxPerSecond: 1 });
    const messageIds = await store(shownId, 5, "SUBMITTED");
    // Time goes by with each request.
    const asked = lookUpMessages(options(), { providerId, messageIds });
    for (let second = 0; second < 3; second++) {
      await expect.poll(() => requests.length, { timeout: 10_000 }).toBe(second + 1);
      now += 1_000;
    }
    await asked;
    expect(requests).toHaveLength(3);
    const [job] = await waiting(providerId);
    expect(job).toMatchObject({ task: "look-up", payload: { providerId } });
    expect(job?.payload.messageIds).toHaveLength(2);
  });

  it("asks nothing while the breaker is open, and comes back afterwards", async () => {
    const { requests, shownId, providerId } = await connect(() => unknown);
    const messageIds = await store(shownId, 2, "SUBMITTED");
    const openUntil = new Date(now + 60_000);
    const lane = { where: { providerId }, data: { breaker: "OPEN" as const, openUntil } };
    await app.services.database.prisma.lane.update(lane);
    await lookUpMessages(options(), { providerId, messageIds });
    expect(requests).toEqual([]);
    const [job] = await waiting(providerId);
    expect(job?.payload.messageIds).toEqual(messageIds);
    expect(job?.runAt.getTime()).toBeGreaterThan(openUntil.getTime());
    now += 60_000;
    await lookUpMessages(options(), { providerId, messageIds });
    expect(requests).toHaveLength(2);
  });
});

describe("a resend", () => {
  const accepted = { groupId: 1, groupName: "PENDING", id: 26, name: "MESSAGE_ACCEPTED" };
  const update = "mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { __typename } }";

  async function uncertain() {
    let messageId = "";
    const answer = () => json({ messages: [{ to: "421901000000", messageId, status: accepted }] });
    const connection = await connect(answer, {}, "qikli");
    [messageId = ""] = await store(connection.shownId, 1, "OUTCOME_UNKNOWN");
    return { ...connection, messageId };
  }

  it("goes out once, as the first question", async () => {
    const { requests, messageId } = await uncertain();
    await reconcileMessage(options(), { messageId, isFirst: false });
    expect(requests).toEqual([]);
    await reconcileMessage(options(), { messageId, isFirst: true });
    expect(requests).toHaveLength(1);
    expect(await statusOf(messageId)).toBe("SUBMITTED");
  });

  it("waits while the connection is switched off", async () => {
    const { requests, messageId, shownId } = await uncertain();
    await app.client.data(update, { input: { id: shownId, enabled: false } });
    await reconcileMessage(options(), { messageId, isFirst: true });
    expect(requests).toEqual([]);
    expect(await waiting(messageId)).toMatchObject([
      { task: "reconcile", payload: { messageId, isFirst: true } },
    ]);
    await app.client.data(update, { input: { id: shownId, enabled: true } });
    await reconcileMessage(options(), { messageId, isFirst: true });
    expect(requests).toHaveLength(1);
  });

  it("never goes out once the connection is gone", async () => {
    const { requests, messageId, shownId } = await uncertain();
    await app.client.data("mutation ($id: ID!) { disconnectProvider(id: $id) { __typename } }", {
      id: shownId,
    });
    await reconcileMessage(options(), { messageId, isFirst: true });
    expect(requests).toEqual([]);
    expect(await waiting(messageId)).toEqual([]);
  });

  it("waits for the breaker", async () => {
    const { requests, messageId, providerId } = await uncertain();
    const openUntil = new Date(now + 60_000);
    const lane = { where: { providerId }, data: { breaker: "OPEN" as const, openUntil } };
    await app.services.database.prisma.lane.update(lane);
    await reconcileMessage(options(), { messageId, isFirst: true });
    expect(requests).toEqual([]);
    expect(await waiting(messageId)).toMatchObject([{ payload: { messageId, isFirst: true } }]);
  });

  it("waits for its turn", async () => {
    const { requests, messageId, shownId, providerId } = await uncertain();
    await app.client.data(update, { input: { id: shownId, maxPerSecond: 1 } });
    const data = {
      tokens: 0,
      refilledAt: clock.now(),
      askedAt: clock.now(),
      wantedUntil: new Date(now + 60_000),
    };
    await app.services.database.prisma.lane.update({ where: { providerId }, data });
    await reconcileMessage(options(), { messageId, isFirst: true });
    expect(requests).toEqual([]);
    expect(await waiting(messageId)).toMatchObject([{ payload: { messageId, isFirst: true } }]);
    now += 60_000;
    await reconcileMessage(options(), { messageId, isFirst: true });
    expect(requests).toHaveLength(1);
    expect(await statusOf(messageId)).toBe("SUBMITTED");
  });
});
