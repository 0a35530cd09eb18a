import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodeId } from "../../src/lib/global-id.ts";
import { lockLanes, type Lane } from "../../src/lanes/lane.ts";
import { decide } from "../../src/lanes/decide.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { queueMessage } from "../support/callbacks.ts";
import { restingLane } from "../support/lanes.ts";

const now = new Date("2026-01-01T00:00:00Z");

const lane = restingLane(now);

describe("what a lane admits", () => {
  it("a lane without a limit admits everything", () => {
    expect(decide(lane, 500, now).admission.admitted).toBe(500);
  });

  it("a lane admits no more than its limit in flight", () => {
    expect(decide({ ...lane, maxConcurrent: 5, inFlight: 3 }, 10, now).admission.admitted).toBe(2);
  });

  it("a lane spreads submissions over the second, without a burst after a pause", () => {
    let current: Lane = {
      ...lane,
      maxPerSecond: 10,
      tokens: 1,
      refilledAt: new Date(now.getTime() - 3_600_000),
    };
    let admitted = 0;
    for (let ms = 0; ms < 1000; ms += 10) {
      const step = decide(current, 100, new Date(now.getTime() + ms));
      admitted += step.admission.admitted;
      current = step.next;
    }
    expect(admitted).toBeGreaterThanOrEqual(9);
    expect(admitted).toBeLessThanOrEqual(11);
  });

  it("a lane overdrawn by a status query admits nothing, and marks that submissions wait", () => {
    const { admission, next } = decide({ ...lane, maxPerSecond: 2, tokens: -1 }, 3, now);
    expect(admission).toMatchObject({ admitted: 0, retryAfterMs: 1_000 });
    expect(next.tokens).toBe(-1);
    expect(next.wantedUntil?.getTime()).toBeGreaterThan(now.getTime() + 1_000);
    expect(decide({ ...lane, maxPerSecond: 2 }, 1, now).next.wantedUntil).toBeNull();
  });

  it("a lane with an open breaker admits nothing, then one probe", () => {
    const open: Lane = { ...lane, breaker: "OPEN", openUntil: new Date(now.getTime() + 5_000) };
    expect(decide(open, 10, now).admission).toEqual({ admitted: 0, retryAfterMs: 5_000, isDistrusted: true });
    const later = new Date(now.getTime() + 6_000);
    const { admission, next } = decide(open, 10, later);
    expect(admission.admitted).toBe(1);
    expect(next.breaker).toBe("HALF_OPEN");
    // Sooner than the probe may take, since it may be answered at once.
    expect(decide(next, 10, later).admission).toMatchObject({ admitted: 0, retryAfterMs: 1_000 });
  });
});

it("a lane admits nothing while the provider has asked us to wait", () => {
  const paused: Lane = { ...lane, pausedUntil: new Date(now.getTime() + 3_000) };
  expect(decide(paused, 10, now).admission).toMatchObject({ admitted: 0, retryAfterMs: 3_000 });
  expect(decide(paused, 10, new Date(now.getTime() + 3_000)).admission.admitted).toBe(10);
});

it.each<[string, Partial<Lane>]>([
  ["a pause that the provider asked for", { pausedUntil: new Date(now.getTime() + 40 * 60_000) }],
  ["an open breaker", { breaker: "OPEN", openUntil: new Date(now.getTime() + 40 * 60_000) }],
  ["missing credit", { noCreditSince: now, creditProbeAt: new Date(now.getTime() + 40 * 60_000) }],
])("%s, set by a process whose clock was ahead, does not last until then", (_name, state) => {
  expect(decide({ ...lane, ...state }, 1, now).admission.admitted).toBe(1);
});

describe("limits over all workers", () => {
  let app: TestApp;
  let other: TestApp;
  let provider: Server;
  let answer: (respond: () => void) => void;
  let inFlight = 0;
  let maxInFlight = 0;
  let times: number[] = [];
  let status = 200;

  beforeAll(async () => {
    app = await startTestApp();
    other = await startTestApp({ databaseUrl: app.databaseUrl, secretKey: app.secretKey, runsApi: false });
  });

  afterAll(async () => {
    await other.stop();
    await app.stop();
  });

  beforeEach(async () => {
    [inFlight, maxInFlight, times, status] = [0, 0, [], 200];
    answer = (respond) => respond();
    provider = createServer((request, response) => {
      request.resume().on("end", () => {
        // Requests for the balance come here too.
        if (request.method !== "POST") return void response.writeHead(404).end();
        times.push(performance.now());
        maxInFlight = Math.max(maxInFlight, ++inFlight);
        answer(() => {
          inFlight--;
          response.writeHead(status, {
            "content-type": "application/json",
            ...(status === 429 && { "retry-after": "2" }),
          });
          response.end(JSON.stringify({ success: true, message_id: crypto.randomUUID() }));
        });
      });
    });
    provider.listen(0, "127.0.0.1");
    await once(provider, "listening");
  });

  afterEach(() => {
    provider.closeAllConnections();
    provider.close();
  });

  async function connectAndSend(limits: object, count: number): Promise<string> {
    const { port } = provider.address() as AddressInfo;
    const baseUrl = `http://127.0.0.1:${port}/v1`;
    const tikosms = {
      name: "Limited",
      apiToken: "secret-token",
      baseUrl,
      defaultSender: "smsgraph",
      ...limits,
    };
    const { connectProvider } = await app.client.data<{ connectProvider: { id: string } }>(
      "mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ... on Provider { id } } }",
      { input: { tikosms } },
    );
    const messages = Array.from({ length: count }, (_, index) => ({
      to: `+42190100${String(index).padStart(4, "0")}`,
      text: "Hello",
    }));
    await app.client.data(
      `mutation ($input: SendMessagesInput!) {
        sendMessages(input: $input) { ... on SendMessagesSuccess { results { __typename } } ... on Error { message } }
      }`,
      { input: { providerId: connectProvider.id, messages } },
    );
    return connectProvider.id;
  }

  it("all workers together keep the throughput limit", async () => {
    const providerId = await connectAndSend({ maxPerSecond: 20 }, 40);
    await expect.poll(() => times.length).toBe(40);
    // When the lane admitted them: on their way to the provider a busy machine bunches them.
    const attempts = await app.services.database.prisma.attempt.findMany({
      where: { providerId: decodeId("Provider", providerId) },
    });
    const admitted = attempts
      .map(({ startedAt }) => startedAt.getTime())
      .toSorted((earlier, later) => earlier - later);
    const span = (admitted.at(-1) ?? 0) - (admitted[0] ?? 0);
    expect(span).toBeGreaterThan((39 / 20) * 1000 * 0.8);
    const busiest = Math.max(
      ...admitted.map((start) => admitted.filter((one) => one >= start && one < start + 1000).length),
    );
    expect(busiest).toBeLessThanOrEqual(24);
  });

  it("all workers together keep the limit of submissions in flight", async () => {
    const held: (() => void)[] = [];
    answer = (respond) => held.push(respond);
    await connectAndSend({ maxConcurrent: 3 }, 12);
    for (let released = 0; released < 12;) {
      await expect.poll(() => held.length).toBe(3);
      const batch = held.splice(0);
      released += batch.length;
      for (const respond of batch) respond();
    }
    expect(maxInFlight).toBe(3);
  });

  it("a worker that waited for a lane counts what the one that had it has sent", async () => {
    const held: (() => void)[] = [];
    answer = (respond) => held.push(respond);
    const id = decodeId("Provider", await connectAndSend({ maxConcurrent: 5 }, 1));
    await expect.poll(() => held.length).toBe(1);
    const { pool } = app.services.database;
    const first = await pool.connect();
    await first.query("begin");
    await first.query("update lanes set tokens = tokens where provider_id = $1", [id]);
    const waiting = app.services.database.transaction((transaction) =>
      lockLanes(transaction, [id], new Date()),
    );
    const waits =
      "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    await expect.poll(async () => (await pool.query(waits)).rowCount).toBe(1);
    await first.query(
      `insert into attempts (message_id, number, provider_id, started_at, claim)
      select message_id, 2, provider_id, started_at, 'another' from attempts where provider_id = $1`,
      [id],
    );
    await first.query("commit");
    first.release();
    const [read] = await waiting;
    expect(read?.inFlight).toBe(2);
    for (const respond of held) respond();
  });

  it("attempts too old to be under way do not count as in flight", async () => {
    const providerId = await connectAndSend({ maxConcurrent: 1 }, 1);
    const { prisma } = app.services.database;
    const ended = { providerId: decodeId("Provider", providerId), finishedAt: { not: null } };
    const startedAt = new Date(Date.now() - 3_600_000);
    await expect
      .poll(() => prisma.attempt.updateMany({ where: ended, data: { startedAt, finishedAt: null } }))
      .toEqual({ count: 1 });
    const id = await queueMessage(app, { providerId });
    const statusNow = async () => (await prisma.message.findUniqueOrThrow({ where: { id } })).status;
    await expect.poll(statusNow).toBe("SUBMITTED");
  });

  it("a `Retry-After` to one message pauses the provider's whole lane", async () => {
    status = 429;
    answer = (respond) => {
      respond();
      // Only the first is told to wait.
      status = 200;
    };
    await connectAndSend({ maxConcurrent: 1 }, 5);
    await expect.poll(() => times.length).toBe(6);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1_900);
  });

  it("a provider that only fails gets no more messages, and then one probe", async () => {
    status = 503;
    const id = await connectAndSend({}, 60);
    const newestLane = () =>
      app.services.database.prisma.lane.findFirstOrThrow({ orderBy: { refilledAt: "desc" } });
    await expect.poll(async () => (await newestLane()).breaker).toBe("OPEN");
    expect(times.length).toBeLessThan(60);
    const { messages } = await app.client.data<{ messages: { edges: { node: { status: string } }[] } }>(
      "query ($filter: MessageFilter) { messages(filter: $filter, first: 100) { edges { node { status } } } }",
      { filter: { providerId: id } },
    );
    expect(messages.edges.filter(({ node }) => node.status === "QUEUED").length).toBeGreaterThan(0);
    // The provider works again, and the breaker's time is over.
    status = 200;
    const seen = times.length;
    await app.services.database.prisma.lane.updateMany({ data: { openUntil: new Date(0) } });
    await expect.poll(async () => (await newestLane()).breaker).toBe("CLOSED");
    await expect.poll(() => times.length).toBeGreaterThan(seen + 1);
  });
});
