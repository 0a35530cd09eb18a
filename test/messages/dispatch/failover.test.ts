import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { maxOpenSeconds } from "../../../src/lanes/decide.ts";
import { createLogger } from "../../../src/lib/logger.ts";
import { readAttempts } from "../../../src/messages/dispatch/attempts.ts";
import { readAllForDispatch } from "../../../src/messages/dispatch/dispatch-message.ts";
import { Failover } from "../../../src/messages/dispatch/failover.ts";
import { Outcomes } from "../../../src/messages/dispatch/outcomes.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { connectProvider } from "../../support/mutations.ts";
import { startProviderDouble, type ProviderDouble } from "../../support/provider-double.ts";
import { numbersOf } from "../../support/stored-campaigns.ts";

interface Event {
  status: string;
  applied: boolean;
  ignoredReason: string | null;
  detail: string | null;
  provider: { name: string };
}

interface Shown {
  id: string;
  status: string;
  provider: { name: string };
  route: { providerName: string; rejected: { providerName: string; code: string }[] };
  attempts: {
    provider: { name: string };
    outcome: string;
    reason: string | null;
    latencyMilliseconds: number;
  }[];
  events: { edges: { node: Event }[] };
}

interface Version {
  version: number;
  status: string;
  provider: { name: string };
}

let app: TestApp;
let first: ProviderDouble;
let second: ProviderDouble;
let firstId: string;
let secondId: string;

beforeEach(async () => {
  app = await startTestApp();
  [first, second] = await Promise.all([startProviderDouble(), startProviderDouble()]);
  const connect = (name: string, { url: baseUrl, token: apiToken }: ProviderDouble, priority: number) =>
    connectProvider(app.client, { name, baseUrl, apiToken, priority, defaultSender: name });
  firstId = await connect("First", first, 1);
  secondId = await connect("Second", second, 2);
});

afterEach(async () => {
  await app.stop();
  await Promise.all([first.close(), second.close()]);
});

async function send(input: object = {}): Promise<string> {
  const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
    `mutation ($input: SendMessageInput!) {
      sendMessage(input: $input) { ... on Message { id } ... on Error { code message } }
    }`,
    { input: { to: "+421901000000", text: "Hello", ...input } },
  );
  return sendMessage.id;
}

async function show(id: string): Promise<Shown> {
  const { message } = await app.client.data<{ message: Shown }>(
    `query ($id: ID!) { message(id: $id) {
      id status provider { name } route { providerName rejected { providerName code } }
      attempts { provider { name } outcome reason latencyMilliseconds }
      events(first: 50) { edges { node { status applied ignoredReason detail provider { name } } } }
    } }`,
    { id },
  );
  return message;
}

const update = (id: string, input: object): Promise<unknown> =>
  app.client.data(
    "mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { __typename } }",
    {
      input: { id, ...input },
    },
  );

const eventsOf = ({ events }: Shown): string[] =>
  events.edges.map(({ node }) => `${node.provider.name} ${node.status} ${node.ignoredReason ?? "applied"}`);

async function becomes(id: string, status: string): Promise<void> {
  await expect.poll(async () => (await show(id)).status).toBe(status);
}

describe("messages that their provider does not accept", () => {
  it("a message not accepted goes to the next provider at once with that one's sender ID", async () => {
    first.plan = () => ({ outcome: "busy" });
    const id = await send();
    await becomes(id, "DELIVERED");
    const message = await show(id);
    expect(message.provider.name).toBe("Second");
    expect(message.route).toMatchObject({
      providerName: "Second",
      rejected: [{ providerName: "First", code: "ALREADY_TRIED" }],
    });
    expect(message.attempts).toMatchObject([
      { provider: { name: "First" }, outcome: "RETRYABLE", reason: expect.stringContaining("429") },
      { provider: { name: "Second" }, outcome: "ACCEPTED", reason: null },
    ]);
    expect(message.attempts.every(({ latencyMilliseconds }) => latencyMilliseconds >= 0)).toBe(true);
    const events = eventsOf(message);
    expect(events.slice(0, 4)).toEqual([
      "First QUEUED applied",
      "First SUBMITTING applied",
      "Second QUEUED applied",
      "Second SUBMITTING applied",
    ]);
    // A receipt may come before the answer is stored.
    expect(events.slice(4)).toContainEqual(expect.stringMatching(/^Second SUBMITTED/));
    expect(message.events.edges[2]?.node.detail).toContain("It goes to Second instead.");
    expect(second.accepted.map(({ from }) => from)).toEqual(["Second"]);
    expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
  });

  it("messageChanged shows each version of a rerouted message, and the last is what was stored", async () => {
    const watched = Promise.withResolvers<void>();
    first.plan = () => ({ outcome: "busy", before: watched.promise });
    const id = await send();
    const fields =
      "version status from provider { name } route { providerName } estimatedCost { amount } updatedAt";
    const changes = app.client.subscribe<{ messageChanged: Version }>(
      `subscription ($id: ID!) { messageChanged(id: $id) { ${fields} } }`,
      { id },
    );
    const seen: Version[] = [];
    for await (const { data } of changes) {
      if (data) seen.push(data.messageChanged);
      watched.resolve();
      if (data?.messageChanged.status === "DELIVERED") break;
    }
    const { message } = await app.client.data<{ message: Version }>(
      `query ($id: ID!) { message(id: $id) { ${fields} } }`,
      { id },
    );
    expect(seen.at(-1)).toEqual(message);
    expect(message.provider.name).toBe("Second");
    const [start = 0] = seen.map(({ version }) => version);
    expect(seen.map(({ version }) => version)).toEqual(seen.map((_, index) => start + index));
    expect(seen.map(({ provider }) => provider.name)).toContain("First");
  });

  it("a message not accepted stays with the provider that its caller named", async () => {
    first.plan = () => (first.requests.length === 0 ? { outcome: "busy" } : {});
    const id = await send({ providerId: firstId });
    await becomes(id, "DELIVERED");
    expect((await show(id)).attempts.map(({ provider }) => provider.name)).toEqual(["First", "First"]);
    expect(second.requests).toHaveLength(0);
  });

  it("a message comes back to its first provider after a pause when no other accepts it either", async () => {
    first.plan = () => (first.requests.length === 0 ? { outcome: "busy" } : {});
    second.plan = () => ({ outcome: "busy" });
    const id = await send();
    await becomes(id, "DELIVERED");
    expect((await show(id)).attempts.map(({ provider }) => provider.name)).toEqual([
      "First",
      "Second",
      "First",
    ]);
  });

  it("a rerouted message keeps the sender ID that the caller named", async () => {
    first.plan = () => ({ outcome: "busy" });
    await becomes(await send({ from: "Mine" }), "DELIVERED");
    expect(second.accepted.map(({ from }) => from)).toEqual(["Mine"]);
  });
});

describe("messages that their provider refuses", () => {
  it("a refusal caused by the provider sends the message to the next one, at that one's price", async () => {
    for (const [id, price] of [
      [firstId, "0.03"],
      [secondId, "0.0412"],
    ] as const)
      await app.client.data("mutation ($input: SetRatesInput!) { setRates(input: $input) { __typename } }", {
        input: { providerId: id, rates: [{ country: "SK", price, currency: "EUR" }] },
      });
    first.plan = () => ({ outcome: "no rate" });
    const id = await send();
    await becomes(id, "DELIVERED");
    const message = await show(id);
    expect(message.attempts).toMatchObject([
      { provider: { name: "First" }, outcome: "REJECTED", reason: expect.stringContaining("No SMS rate") },
      { provider: { name: "Second" }, outcome: "ACCEPTED" },
    ]);
    expect(message.events.edges[2]?.node.detail).toMatch(
      /^Refused: No SMS rate .* It goes to Second instead\./,
    );
    const { estimatedCost } = await app.services.database.prisma.message.findUniqueOrThrow({
      where: { id: decodeId("Message", id) },
    });
    expect(estimatedCost?.toString()).toBe("0.0412");
    await update(firstId, { apiToken: "revoked" });
    const other = await send({ to: "+421901000001" });
    await becomes(other, "DELIVERED");
    expect((await show(other)).provider.name).toBe("Second");
  });

  it("a provider that rejects our credentials is seldom offered messages", async () => {
    await update(firstId, { apiToken: "revoked" });
    await becomes(await send(), "DELIVERED");
    app.services.routingTables.changed(app.accountId);
    await sendMany(40, 1_000);
    await expect.poll(countDelivered).toBe(41);
    expect(await app.services.database.prisma.attempt.count({ where: { outcome: "rejected" } })).toBeLessThan(
      20,
    );
    const lane = await app.services.database.prisma.lane.findUniqueOrThrow({
      where: { providerId: decodeId("Provider", firstId) },
    });
    expect(lane.breaker).toBe("CLOSED");
  });

  it("a message ends with the refusal when no provider is left", async () => {
    first.plan = () => ({ outcome: "no rate" });
    second.plan = () => ({ outcome: "no rate" });
    const id = await send();
    await becomes(id, "REJECTED");
    expect((await show(id)).attempts.map(({ provider }) => provider.name)).toEqual(["First", "Second"]);
  });

  it("a refusal caused by the message itself is final", async () => {
    first.plan = () => ({ outcome: "wrong number" });
    const id = await send();
    await becomes(id, "REJECTED");
    expect(second.requests).toHaveLength(0);
  });

  it("a refused message stays with the provider that its caller named", async () => {
    first.plan = () => ({ outcome: "no rate" });
    await becomes(await send({ providerId: firstId }), "REJECTED");
    expect(second.requests).toHaveLength(0);
  });

  it("a refusal after the attempt was closed as ambiguous does not send the message again", async () => {
    const answer = Promise.withResolvers<void>();
    first.plan = () => ({ outcome: "no rate", before: answer.promise });
    const id = await send();
    await expect.poll(() => first.requests.length).toBe(1);
    const { database, clock } = app.services;
    const options = { database, clock, logger: createLogger({ level: "silent" }), random: () => 0.5 };
    const outcomes = new Outcomes({ ...options, failover: new Failover(app.services) });
    const [message] = await readAllForDispatch(database, [decodeId("Message", id)]);
    if (!message) throw new Error("no message");
    const lost = { kind: "ambiguous", reason: "its worker was taken for dead" } as const;
    const finishedAt = clock.now();
    await outcomes.record({ message, attempt: 1, outcome: lost, startedAt: undefined, finishedAt });
    await becomes(id, "OUTCOME_UNKNOWN");
    answer.resolve();
    await becomes(id, "REJECTED");
    expect(second.requests).toHaveLength(0);
  });
});

describe("late answers", () => {
  it("a late answer does not take the message away from the next attempt", async () => {
    const [late, next] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    first.plan = () => ({ outcome: "no rate", before: late.promise });
    second.plan = () => ({ before: next.promise });
    const id = await send({ duplicatePolicy: "ALLOW_POSSIBLE_DUPLICATE" });
    await expect.poll(() => first.requests.length).toBe(1);
    const { database, clock } = app.services;
    const options = { database, clock, logger: createLogger({ level: "silent" }), random: () => 0.5 };
    const outcomes = new Outcomes({ ...options, failover: new Failover(app.services) });
    const messageId = decodeId("Message", id);
    const [message] = await readAllForDispatch(database, [messageId]);
    if (!message) throw new Error("no message");
    const lost = { kind: "ambiguous", reason: "its worker was taken for dead" } as const;
    await outcomes.record({
      message,
      attempt: 1,
      outcome: lost,
      startedAt: undefined,
      finishedAt: clock.now(),
    });
    await expect.poll(() => second.requests.length).toBe(1);
    late.resolve();
    const ends = async () => (await readAttempts(database, [messageId])).map(({ outcome }) => outcome);
    await expect.poll(ends).toEqual(["rejected", null]);
    expect((await show(id)).status).toBe("SUBMITTING");
    next.resolve();
    await expect.poll(ends).toEqual(["rejected", "accepted"]);
    expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
  });
});

describe("messages whose outcome is unknown", () => {
  it("a message whose outcome is unknown goes to no other provider", async () => {
    first.plan = () => ({ outcome: "reset", report: "never" });
    const id = await send();
    await becomes(id, "OUTCOME_UNKNOWN");
    // The first provider's list shows the message, so it was asked.
    await becomes(id, "SENT");
    expect((await show(id)).provider.name).toBe("First");
    expect(second.requests).toHaveLength(0);
  });

  it("a message whose outcome is unknown goes to the next provider when duplicates are allowed", async () => {
    const reportFirst = Promise.withResolvers<void>();
    const reportSecond = Promise.withResolvers<void>();
    first.plan = () => ({ outcome: "reset", report: reportFirst.promise });
    second.plan = () => ({ report: reportSecond.promise });
    const id = await send({ duplicatePolicy: "ALLOW_POSSIBLE_DUPLICATE" });
    await becomes(id, "SUBMITTED");
    const before = await app.services.database.prisma.message.findUniqueOrThrow({
      where: { id: decodeId("Message", id) },
    });
    reportFirst.resolve();
    await becomes(id, "DELIVERED");
    expect(eventsOf(await show(id)).slice(-2)).toEqual([
      "First SENT OTHER_ATTEMPT",
      "First DELIVERED applied",
    ]);
    reportSecond.resolve();
    await expect.poll(() => second.callbacks.length).toBe(2);
    const after = await app.services.database.prisma.message.findUniqueOrThrow({
      where: { id: decodeId("Message", id) },
    });
    expect(eventsOf(await show(id)).slice(-2)).toEqual([
      "Second SENT ALREADY_FINAL",
      "Second DELIVERED DUPLICATE",
    ]);
    expect(after).toMatchObject({
      status: "DELIVERED",
      providerId: before.providerId,
      providerMessageId: before.providerMessageId,
    });
    expect(after.providerMessageId).toBe(second.accepted[0]?.messageId);
  });

  it("a message stays with its first provider when a receipt proves that it was accepted there", async () => {
    const report = Promise.withResolvers<void>();
    first.plan = () => ({ outcome: "reset", report: report.promise });
    // The second provider accepts nothing for a while, although it is healthy.
    await update(secondId, { maxPerSecond: 0.01 });
    await app.services.database.prisma.lane.update({
      where: { providerId: decodeId("Provider", secondId) },
      data: { tokens: 0, refilledAt: new Date() },
    });
    const id = await send({ duplicatePolicy: "ALLOW_POSSIBLE_DUPLICATE" });
    await expect.poll(async () => (await show(id)).provider.name).toBe("Second");
    report.resolve();
    await becomes(id, "DELIVERED");
    expect(second.requests).toHaveLength(0);
    expect((await show(id)).provider.name).toBe("First");
  });
});

const sendMany = async (count: number, start = 0): Promise<void> => {
  const messages = Array.from({ length: count }, (_, index) => ({
    to: `+42191${String(start + index).padStart(7, "0")}`,
    text: "Hello",
  }));
  await app.client.data(
    `mutation ($input: SendMessagesInput!) { sendMessages(input: $input) {
      ... on SendMessagesSuccess { results { __typename } } } }`,
    { input: { messages } },
  );
};
const countDelivered = (): Promise<number> =>
  app.services.database.prisma.message.count({ where: { status: "DELIVERED" } });
const references = (): string[] => [...first.accepted, ...second.accepted].map(({ reference }) => reference);

describe("messages of campaigns", () => {
  it("refused messages of a campaign go to the next provider once each, under that one's sender ID", async () => {
    first.plan = () => ({ outcome: "no rate" });
    await app.client.data(
      "mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { ... on Campaign { id } } }",
      {
        input: {
          name: "Refused",
          text: "Hello",
          recipients: numbersOf(60).map((to) => ({ to })),
        },
      },
    );
    await expect.poll(countDelivered).toBe(60);
    expect(new Set(second.accepted.map(({ from }) => from))).toEqual(new Set(["Second"]));
    expect(second.accepted).toHaveLength(60);
    expect(first.accepted).toHaveLength(0);
  });
});

describe("providers in trouble", () => {
  it("providers in trouble one after the other lose no message and send none twice", async () => {
    const { prisma } = app.services.database;
    first.plan = () => ({ outcome: "busy" });
    await sendMany(100);
    await expect.poll(countDelivered).toBe(100);
    // The breaker is open: new messages are not even tried there.
    const tried = first.requests.length;
    expect(tried).toBeLessThan(60);
    // It stays open, however long the rest takes: after its time one message would try again.
    await prisma.lane.updateMany({
      where: { breaker: "OPEN" },
      data: { openUntil: new Date(Date.now() + (maxOpenSeconds - 10) * 1_000) },
    });
    await sendMany(50, 1_000);
    await expect.poll(countDelivered).toBe(150);
    expect(first.requests.length).toBe(tried);
    // Out of credit: no new message goes there, and waiting ones move over once the first provider works.
    first.plan = () => ({});
    await prisma.lane.updateMany({ data: { breaker: "CLOSED", openUntil: null, openSeconds: 0 } });
    await prisma.balance.create({
      data: {
        id: crypto.randomUUID(),
        accountId: app.accountId,
        providerId: decodeId("Provider", secondId),
        amount: "0",
        currency: "EUR",
        fetchedAt: new Date(Date.now() + 60_000),
      },
    });
    app.services.routingTables.changed(app.accountId);
    const taken = second.requests.length;
    await sendMany(50, 2_000);
    await expect.poll(countDelivered).toBe(200);
    expect(second.requests.length).toBe(taken);
    // Switched off while the other one is out of credit: there is still a route.
    await update(firstId, { enabled: false });
    await sendMany(20, 3_000);
    await expect.poll(countDelivered).toBe(220);
    expect(second.requests.length).toBe(taken + 20);
    expect(new Set(references()).size).toBe(220);
    expect(references()).toHaveLength(220);
  });

  it("messages of a provider that is switched off move to another", async () => {
    const soon = new Date(Date.now() + 1_500).toISOString();
    const id = await send({ scheduledAt: soon });
    await update(firstId, { enabled: false });
    await becomes(id, "DELIVERED");
    const message = await show(id);
    expect(message.provider.name).toBe("Second");
    expect(eventsOf(message).slice(0, 3)).toEqual([
      "First SCHEDULED applied",
      "First QUEUED applied",
      "Second QUEUED applied",
    ]);
    expect(first.requests).toHaveLength(0);
  });
});
