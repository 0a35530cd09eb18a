import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decide, withoutCredit } from "../../src/lanes/decide.ts";
import { startQikliSandbox } from "../../src/sandbox/qikli/index.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { restingLane } from "../support/lanes.ts";

const now = new Date("2026-01-01T00:00:00Z");
const after = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);

const lane = restingLane(now);

describe("a lane without credit", () => {
  const paused = withoutCredit(lane, now);

  it("a lane without credit admits nothing, then one message as a probe, and nothing more meanwhile", () => {
    expect(decide(paused, 10, after(3)).admission.admitted).toBe(0);
    const { admission, next } = decide(paused, 10, after(4));
    expect(admission.admitted).toBe(1);
    expect(decide(next, 10, after(5)).admission.admitted).toBe(0);
    expect(decide(next, 10, after(50)).admission.admitted).toBe(1);
  });

  it("a lane without credit is probed less and less often, but every few minutes", () => {
    let tried = paused;
    const tries: number[] = [];
    for (let seconds = 0; seconds < 3600; seconds++) {
      if (decide(tried, 1, after(seconds)).admission.admitted === 0) continue;
      tries.push(seconds);
      tried = withoutCredit(decide(tried, 1, after(seconds)).next, after(seconds));
    }
    expect(tries.slice(0, 7)).toEqual([4, 8, 16, 32, 64, 128, 256]);
    expect(tries.slice(7).every((time, index) => time - (tries[index + 6] ?? 0) <= 300)).toBe(true);
    expect(tries.length).toBeGreaterThan(15);
  });

  it("a lane without credit and with an open breaker admits nothing", () => {
    const open = { ...paused, breaker: "OPEN" as const, openUntil: after(100) };
    expect(decide(open, 10, after(60)).admission.admitted).toBe(0);
    expect(decide(open, 10, after(101)).admission.admitted).toBe(1);
  });
});

describe("a provider that runs out of credit", () => {
  let app: TestApp;
  let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];
  let providerId: string;

  beforeAll(async () => {
    app = await startTestApp();
    ({ sandbox, providerId } = await connectTestSandbox(app));
  });

  afterAll(async () => {
    await sandbox.close();
    await app.stop();
  });

  interface Health {
    noCreditSince: string | null;
    queueDepth: number;
    breaker: string;
  }

  async function health(id = providerId): Promise<Health> {
    const { provider } = await app.client.data<{ provider: { health: Health } }>(
      "query ($id: ID!) { provider(id: $id) { health { noCreditSince queueDepth breaker } } }",
      { id },
    );
    return provider.health;
  }

  async function send(count: number, id = providerId, to = "+421901000000"): Promise<string[]> {
    const messages = Array.from({ length: count }, () => ({ to, text: "Hello", providerId: id }));
    const { sendMessages } = await app.client.data<{ sendMessages: { results: { id: string }[] } }>(
      `mutation ($input: SendMessagesInput!) {
        sendMessages(input: $input) { ... on SendMessagesSuccess { results { ... on Message { id } } } }
      }`,
      { input: { messages } },
    );
    return sendMessages.results.map((message) => message.id);
  }

  async function statuses(): Promise<Record<string, number>> {
    const rows = await app.services.database.prisma.message.groupBy({ by: ["status"], _count: true });
    return Object.fromEntries(rows.map(({ status, _count }) => [status, _count]));
  }

  const refreshBalance = (): Promise<unknown> =>
    app.client.data(
      "mutation ($id: ID!) { refreshBalance(providerId: $id) { ... on Balance { id } ... on Error { message } } }",
      {
        id: providerId,
      },
    );

  it("messages wait without failing while a provider has no credit, and continue when the balance returns", async () => {
    sandbox.prepay(0);
    await send(30);
    await expect.poll(async () => (await health()).noCreditSince).not.toBeNull();
    // More attempts than a message otherwise has.
    const { prisma } = app.services.database;
    await expect.poll(() => prisma.attempt.count({ where: { noCredit: true } })).toBeGreaterThan(0);
    await expect.poll(statuses).toEqual({ QUEUED: 30 });
    expect(await health()).toMatchObject({ queueDepth: 30, breaker: "CLOSED" });
    // Asked again soon, not only after ten minutes.
    await expect
      .poll(async () => (await prisma.provider.findFirstOrThrow()).nextBalanceAt.getTime() - Date.now())
      .toBeLessThan(40_000);
    sandbox.prepay(100);
    await refreshBalance();
    expect((await health()).noCreditSince).toBeNull();
    await expect.poll(statuses, { timeout: 120_000, interval: 200 }).toEqual({ DELIVERED: 30 });
    expect(await prisma.attempt.count({ where: { outcome: "accepted" } })).toBe(30);
  }, 300_000);

  it("a balance that was refused before does not reopen the lane, and a higher one does", async () => {
    const { prisma } = app.services.database;
    const paused = {
      noCreditSince: new Date(),
      creditProbeAt: new Date(Date.now() + 600_000),
      triedBalance: "1",
    };
    await prisma.lane.updateMany({ data: paused });
    sandbox.prepay(1);
    await refreshBalance();
    expect((await health()).noCreditSince).not.toBeNull();
    sandbox.prepay(1.5);
    await refreshBalance();
    expect((await health()).noCreditSince).toBeNull();
    await prisma.lane.updateMany({ data: { triedBalance: null } });
  });

  it("attempts without credit do not count towards the limit of attempts", async () => {
    const { prisma } = app.services.database;
    const [id = ""] = await send(1);
    const localId = Buffer.from(id, "base64").toString().split(":")[1] ?? "";
    await expect
      .poll(async () => (await prisma.message.findUniqueOrThrow({ where: { id: localId } })).status)
      .toBe("DELIVERED");
    sandbox.prepay(0);
    const [waiting = ""] = await send(1);
    const waitingId = Buffer.from(waiting, "base64").toString().split(":")[1] ?? "";
    await expect
      .poll(() => prisma.attempt.count({ where: { messageId: waitingId, noCredit: true } }))
      .toBe(1);
    const provider = await prisma.provider.findFirstOrThrow();
    const base = {
      messageId: waitingId,
      providerId: provider.id,
      startedAt: new Date(),
      finishedAt: new Date(),
    };
    await prisma.attempt.createMany({
      data: Array.from({ length: 20 }, (_, index) => ({
        ...base,
        number: index + 2,
        outcome: "retryable",
        noCredit: true,
      })),
    });
    // The next attempt is refused as well: the twenty-second.
    await prisma.lane.updateMany({ data: { creditProbeAt: new Date() } });
    await expect
      .poll(() => prisma.attempt.count({ where: { messageId: waitingId, finishedAt: { not: null } } }))
      .toBe(22);
    expect((await prisma.message.findUniqueOrThrow({ where: { id: waitingId } })).status).toBe("QUEUED");
    // No balance is requested: an accepted message alone opens the lane.
    sandbox.prepay(10);
    await prisma.provider.updateMany({ data: { nextBalanceAt: new Date(Date.now() + 600_000) } });
    await prisma.lane.updateMany({ data: { creditProbeAt: new Date() } });
    await expect.poll(async () => (await health()).noCreditSince).toBeNull();
  }, 300_000);

  it("a provider that reports no balance continues when one message is accepted", async () => {
    const qikli = await startQikliSandbox();
    const { connectProvider } = await app.client.data<{ connectProvider: { id: string } }>(
      `mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ... on Provider { id } ... on Error { message } } }`,
      {
        input: {
          qikli: {
            name: "Qikli",
            baseUrl: qikli.url,
            username: qikli.username,
            password: qikli.password,
            defaultSender: "smsgraph",
          },
        },
      },
    );
    const { prisma } = app.services.database;
    const ids = await send(1, connectProvider.id, "+421901000044");
    await expect.poll(async () => (await health(connectProvider.id)).noCreditSince).not.toBeNull();
    ids.push(...(await send(5, connectProvider.id)));
    const local = ids.map((id) => Buffer.from(id, "base64").toString().split(":")[1] ?? "");
    await expect
      .poll(() => prisma.message.count({ where: { id: { in: local }, submittedAt: { not: null } } }), {
        timeout: 120_000,
        interval: 200,
      })
      .toBe(6);
    expect((await health(connectProvider.id)).noCreditSince).toBeNull();
    await qikli.close();
  }, 300_000);
});
