import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Database } from "../../src/database/database.ts";
import { createWorkerPlaces } from "../../src/lanes/provider-places.ts";
import { createSlots } from "../../src/lanes/query-slots.ts";
import { whileStaying } from "../../src/lanes/staying.ts";
import { decodeId } from "../../src/lib/global-id.ts";
import { createLogger } from "../../src/lib/logger.ts";
import { lookUpMessages } from "../../src/messages/receipts/look-up.ts";
import { reconcileMessages } from "../../src/messages/receipts/reconcile.ts";
import { type Answer, json, serveAnswers } from "../providers/serve-answers.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { queueMessage } from "../support/callbacks.ts";

/** Status queries: how they share the lane with submissions, and when they are not made at all. */

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

/** Messages in this status, each with an id of the provider. */
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

const places = createWorkerPlaces(20);
const options = () => ({ ...app.services, clock, logger, places });
const unknown: Answer = json({ success: false, error: "Message(s) not found" }, 404);

interface Job {
  task: string;
  payload: { providerId?: string; messageIds?: string[] };
  runAt: Date;
}

/** The status queries that wait in the queue for this provider. */
async function waiting(id: string): Promise<Job[]> {
  const { rows } = await app.services.database.pool.query<Job>(
    `select t.identifier as task, j.payload, j.run_at as "runAt"
    from graphile_worker._private_jobs as j join graphile_worker._private_tasks as t on t.id = j.task_id
    where j.payload::text like '%' || $1 || '%' and t.identifier = 'look-up'`,
    [id],
  );
  return rows;
}

const setLane = (providerId: string, data: object) =>
  app.services.database.prisma.lane.update({ where: { providerId }, data });

const turnOf = (id: string, maxPerSecond: number | null, isList?: true) => {
  const ending = { database: app.services.database, clock, isStopping: () => isStopping };
  const acquireSlot = createSlots(ending, { id, maxPerSecond });
  return () => acquireSlot({ method: "GET", path: "/", isList });
};
let isStopping = false;

/** The only status query about this message, or one repeated because its worker ended. */
const reconcile = (messageId: string, isRepeated = false) =>
  reconcileMessages(options(), [messageId], { isRepeated });

const checkOf = (messageId: string) =>
  app.services.database.prisma.messageCheck.findUnique({ where: { messageId } });

async function dueCheck(messageId: string): Promise<void> {
  const at = clock.now();
  await app.services.database.prisma.messageCheck.create({ data: { messageId, at, checks: 1 } });
}

const statusOf = async (id: string): Promise<string> =>
  (await app.services.database.prisma.message.findUniqueOrThrow({ where: { id } })).status;

describe("slots for status queries", () => {
  it("a status query takes a token of the lane", async () => {
    const { providerId } = await connect(() => unknown, { maxPerSecond: 2 });
    await setLane(providerId, { tokens: 1, refilledAt: clock.now(), askedAt: clock.now() });
    const acquireSlot = turnOf(providerId, 2);
    expect(await acquireSlot()).toBe(true);
    const second = acquireSlot();
    const early = await Promise.race([second, new Promise((done) => setTimeout(done, 100, "waits"))]);
    expect(early).toBe("waits");
    now += 500;
    expect(await second).toBe(true);
  });

  it("status queries wait for submissions, except for one token in ten", async () => {
    const { providerId } = await connect(() => unknown, { maxPerSecond: 2 });
    const later = new Date(now + 3_600_000);
    await setLane(providerId, {
      tokens: 1,
      refilledAt: clock.now(),
      wantedUntil: later,
      askedAt: clock.now(),
    });
    const acquireSlot = turnOf(providerId, 2);
    const first = acquireSlot();
    now += 4_999;
    expect(await first).toBe(false);
    now += 1;
    expect(await acquireSlot()).toBe(true);
    const { tokens } = await app.services.database.prisma.lane.findUniqueOrThrow({ where: { providerId } });
    expect(tokens).toBe(0);
  });

  it("a list that may not stay in its place is given up", async () => {
    const { providerId } = await connect(() => unknown, { maxPerSecond: 1_000 });
    await setLane(providerId, { tokens: 100, refilledAt: clock.now(), askedAt: clock.now() });
    const stays = vi.fn<() => boolean>().mockReturnValueOnce(true).mockReturnValue(false);
    const turns = await whileStaying(stays, async () => {
      const acquireSlot = turnOf(providerId, 1_000, true);
      return [await acquireSlot(), await acquireSlot(), await turnOf(providerId, 1_000)()];
    });
    expect(turns).toEqual([true, false, true]);
  });

  it("the pages of a list take their tokens together where the lane has many", async () => {
    const { providerId } = await connect(() => unknown, { maxPerSecond: 1_000 });
    await setLane(providerId, { tokens: 100, refilledAt: clock.now(), askedAt: clock.now() });
    const acquireSlot = turnOf(providerId, 1_000, true);
    const tokensLeft = async (): Promise<number> =>
      (await app.services.database.prisma.lane.findUniqueOrThrow({ where: { providerId } })).tokens;
    for (const left of [90, 80]) {
      for (let page = 0; page < 10; page++) {
        expect(await acquireSlot()).toBe(true);
        expect(await tokensLeft()).toBe(left);
      }
    }
    expect(await turnOf(providerId, 1_000)()).toBe(true);
    expect(await tokensLeft()).toBe(79);
  });

  it("a status query of a lane without a limit needs no token", async () => {
    const { providerId } = await connect(() => unknown);
    const acquireSlot = turnOf(providerId, null);
    expect(await Promise.all(Array.from({ length: 100 }, acquireSlot))).toEqual(Array(100).fill(true));
  });

  it("status queries and lists do not wait for a breaker that a process opened whose clock was ahead", async () => {
    const { providerId } = await connect(() => unknown);
    await setLane(providerId, { breaker: "OPEN", openUntil: new Date(now + 40 * 60_000) });
    expect(await turnOf(providerId, 2)()).toBe(true);
    expect(await turnOf(providerId, null, true)()).toBe(true);
  });

  it("lists are read at most once a second without a limit, over all workers", async () => {
    const { providerId } = await connect(() => unknown);
    const { database } = app.services;
    const turns = [turnOf(providerId, null, true), turnOf(providerId, null, true)];
    const had = async (): Promise<string> => {
      const { listedAt } = await database.prisma.lane.findUniqueOrThrow({ where: { providerId } });
      return listedAt.toISOString();
    };
    const times: string[] = [];
    for (const acquireSlot of turns) {
      expect(await acquireSlot()).toBe(true);
      times.push(await had());
    }
    const [first = "", second = ""] = times;
    expect(Date.parse(second) - Date.parse(first)).toBeGreaterThanOrEqual(1_000);
    isStopping = true;
    expect(await turnOf(providerId, null, true)()).toBe(false);
    isStopping = false;
  });
});

/** A database in which the lists have so many slots, one each time when asked so often. */
const scarce = (every: number) => {
  let asked = 0;
  const query = async () => (++asked % every === 0 ? [{ taken: 1 }] : []);
  return { query } as unknown as Database;
};

const slotsOf = (database: Database) =>
  createSlots({ database, clock, isStopping: () => false }, { id: "any", maxPerSecond: null });

describe("the pages of a list that are asked for together", () => {
  const page = { method: "GET", path: "/", isList: true } as const;

  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("have their turns in the order of asking, however long all of them take together", async () => {
    const acquireSlot = slotsOf(scarce(100));
    const order: number[] = [];
    const turns = Array.from({ length: 10 }, async (_, number) => {
      const hadTurn = await acquireSlot(page);
      order.push(number);
      return hadTurn;
    });
    await vi.advanceTimersByTimeAsync(10 * 100 * 200);
    expect(await Promise.all(turns)).toEqual(Array(10).fill(true));
    expect(order).toEqual([...order.keys()]);
  });

  it("give up together when nobody has a turn for a minute, and later ones try again", async () => {
    const acquireSlot = slotsOf(scarce(1_000));
    const turns = Promise.all(Array.from({ length: 10 }, () => acquireSlot(page)));
    await vi.advanceTimersByTimeAsync(63_000);
    expect(await turns).toEqual(Array(10).fill(false));
    const later = acquireSlot(page);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await Promise.race([later, Promise.resolve("waits")])).toBe("waits");
  });

  it("go on when asking for a slot failed", async () => {
    const query = vi.fn<() => Promise<unknown>>().mockRejectedValueOnce(new Error("away"));
    query.mockResolvedValue([{ taken: 1 }]);
    const acquireSlot = slotsOf({ query } as unknown as Database);
    const turns = [acquireSlot(page), acquireSlot(page)];
    await expect(turns[0]).rejects.toThrow("away");
    expect(await turns[1]).toBe(true);
  });
});

describe("look-ups", () => {
  it("a look-up without a limit asks about all messages at once", async () => {
    const { requests, shownId, providerId } = await connect(() => unknown);
    const messageIds = await store(shownId, 5, "SUBMITTED");
    await lookUpMessages(options(), { providerId, messageIds });
    expect(requests).toHaveLength(5);
    expect(await waiting(providerId)).toEqual([]);
  });

  it("a look-up asks about as many messages as fit into a few seconds, and the others later", async () => {
    const { requests, shownId, providerId } = await connect(() => unknown, { maxPerSecond: 1 });
    const messageIds = await store(shownId, 5, "SUBMITTED");
    // Time passes with each request.
    const asked = lookUpMessages(options(), { providerId, messageIds });
    for (let second = 0; second < 3; second++) {
      await expect.poll(() => requests.length).toBe(second + 1);
      now += 1_000;
    }
    await asked;
    expect(requests).toHaveLength(3);
    const [job] = await waiting(providerId);
    expect(job).toMatchObject({ task: "look-up", payload: { providerId } });
    expect(job?.payload.messageIds).toHaveLength(2);
  });

  it("a look-up waits while the breaker is open, and comes back afterwards", async () => {
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

it("a look-up that a worker whose clock is ahead puts off comes back soon all the same", async () => {
  now += 6 * 3_600_000;
  const { shownId, providerId } = await connect(() => unknown);
  const messageIds = await store(shownId, 1, "SUBMITTED");
  const lane = {
    where: { providerId },
    data: { breaker: "OPEN" as const, openUntil: new Date(now + 10_000) },
  };
  await app.services.database.prisma.lane.update(lane);
  await lookUpMessages(options(), { providerId, messageIds });
  const [job] = await waiting(providerId);
  const aheadMs = (job?.runAt.getTime() ?? 0) - Date.now();
  expect(aheadMs).toBeGreaterThan(0);
  expect(aheadMs).toBeLessThan(60_000);
});

describe("resends", () => {
  const accepted = { groupId: 1, groupName: "PENDING", id: 26, name: "MESSAGE_ACCEPTED" };
  const update = "mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { __typename } }";

  async function uncertain(answers?: () => Answer) {
    let messageId = "";
    const answer = () =>
      answers?.() ?? json({ messages: [{ to: "421901000000", messageId, status: accepted }] });
    const connection = await connect(answer, {}, "qikli");
    [messageId = ""] = await store(connection.shownId, 1, "OUTCOME_UNKNOWN");
    await dueCheck(messageId);
    return { ...connection, messageId };
  }

  it("a resend goes out once, as the first query", async () => {
    const { requests, messageId } = await uncertain();
    await reconcile(messageId);
    expect(requests).toHaveLength(1);
    expect(await statusOf(messageId)).toBe("SUBMITTED");
  });

  it("a resend goes out once however often it is attempted, and the timeline says why not again", async () => {
    const { requests, messageId } = await uncertain(() => ({ status: 500 }));
    await reconcile(messageId);
    await reconcile(messageId);
    await reconcile(messageId, true);
    expect(requests).toHaveLength(1);
    const event = await app.services.database.prisma.messageEvent.findFirst({
      where: { messageId },
      orderBy: { id: "desc" },
    });
    expect(event).toMatchObject({ applied: false, detail: expect.stringMatching(/not sent again/) });
  });

  it("a resend that had not gone out still does after its job was taken over", async () => {
    const { requests, messageId } = await uncertain();
    await reconcile(messageId, true);
    expect(requests).toHaveLength(1);
    expect(await statusOf(messageId)).toBe("SUBMITTED");
  });

  it("a resend does not go out after the validity period", async () => {
    const { requests, messageId } = await uncertain();
    const data = { validUntil: new Date(now - 1) };
    await app.services.database.prisma.message.update({ where: { id: messageId }, data });
    await reconcile(messageId);
    expect(requests).toEqual([]);
  });

  it("a resend waits while the connection is switched off", async () => {
    const { requests, messageId, shownId } = await uncertain();
    await app.client.data(update, { input: { id: shownId, enabled: false } });
    await reconcile(messageId);
    expect(requests).toEqual([]);
    expect(await checkOf(messageId)).toMatchObject({ checks: 0, at: new Date(now + 60_000), resentAt: null });
    await app.client.data(update, { input: { id: shownId, enabled: true } });
    await reconcile(messageId);
    expect(requests).toHaveLength(1);
  });

  it("a resend never goes out once the connection is disconnected", async () => {
    const { requests, messageId, shownId } = await uncertain();
    await app.client.data("mutation ($id: ID!) { disconnectProvider(id: $id) { __typename } }", {
      id: shownId,
    });
    await reconcile(messageId);
    expect(requests).toEqual([]);
    expect(await checkOf(messageId)).toMatchObject({ checks: 1, resentAt: null });
  });

  it("a resend waits while the breaker is open", async () => {
    const { requests, messageId, providerId } = await uncertain();
    const openUntil = new Date(now + 60_000);
    const lane = { where: { providerId }, data: { breaker: "OPEN" as const, openUntil } };
    await app.services.database.prisma.lane.update(lane);
    await reconcile(messageId);
    expect(requests).toEqual([]);
    expect(await checkOf(messageId)).toMatchObject({ checks: 0, at: new Date(now + 61_000), resentAt: null });
  });

  it("a resend waits until a slot is free", async () => {
    const { requests, messageId, shownId, providerId } = await uncertain();
    await app.client.data(update, { input: { id: shownId, maxPerSecond: 1 } });
    const data = {
      tokens: 0,
      refilledAt: clock.now(),
      askedAt: clock.now(),
      wantedUntil: new Date(now + 60_000),
    };
    await app.services.database.prisma.lane.update({ where: { providerId }, data });
    await reconcile(messageId);
    expect(requests).toEqual([]);
    expect(await checkOf(messageId)).toMatchObject({ checks: 0, resentAt: null });
    now += 60_000;
    await reconcile(messageId);
    expect(requests).toHaveLength(1);
    expect(await statusOf(messageId)).toBe("SUBMITTED");
  });
});
