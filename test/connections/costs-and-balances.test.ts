import { randomUUIDv7 } from "node:crypto";
import { Decimal } from "@prisma/client/runtime/client";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { burnHours, usedUpAt } from "../../src/pricing/runway.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { takeUntil } from "../support/graphql-client.ts";

const hourMs = 3_600_000;
const now = new Date("2026-01-01T00:00:00Z");
const inHours = (hours: number): Date => new Date(now.getTime() + hours * hourMs);

describe("how long a balance lasts", () => {
  const spending = {
    balance: new Decimal(60),
    spent: new Decimal(burnHours * 10),
    queued: new Decimal(0),
    scheduled: [],
  };

  it("the end of a balance follows from the burn rate, queued and scheduled messages", () => {
    expect(usedUpAt(spending, now)).toEqual(inHours(6));
    expect(usedUpAt({ ...spending, queued: new Decimal(20) }, now)).toEqual(inHours(4));
    expect(usedUpAt({ ...spending, queued: new Decimal(60) }, now)).toEqual(now);
    expect(usedUpAt({ ...spending, balance: new Decimal(-1) }, now)).toEqual(now);
    const scheduled = [{ at: inHours(2), amount: new Decimal(30) }];
    expect(usedUpAt({ ...spending, scheduled }, now)).toEqual(inHours(3));
    expect(usedUpAt({ ...spending, scheduled: [{ at: inHours(2), amount: new Decimal(50) }] }, now)).toEqual(
      inHours(2),
    );
    expect(usedUpAt({ ...spending, scheduled: [{ at: inHours(9), amount: new Decimal(50) }] }, now)).toEqual(
      inHours(6),
    );
  });

  it("a balance has no known end when nothing is being spent and enough is left", () => {
    const idle = { ...spending, spent: new Decimal(0) };
    expect(usedUpAt(idle, now)).toBeNull();
    const scheduled = [{ at: inHours(2), amount: new Decimal(61) }];
    expect(usedUpAt({ ...idle, scheduled }, now)).toEqual(inHours(2));
  });

  it("the end of a balance agrees with an hourly simulation of the spending", () => {
    const amounts = fc.array(
      fc.record({ hour: fc.integer({ min: 1, max: 50 }), amount: fc.integer({ min: 0, max: 100 }) }),
    );
    fc.assert(
      fc.property(
        fc.nat(500),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(100),
        amounts,
        (balance, burn, queued, later) => {
          const ordered = later.toSorted((one, other) => one.hour - other.hour);
          const until = usedUpAt(
            {
              balance: new Decimal(balance),
              spent: new Decimal(burn * burnHours),
              queued: new Decimal(queued),
              scheduled: ordered.map(({ hour, amount }) => ({
                at: inHours(hour),
                amount: new Decimal(amount),
              })),
            },
            now,
          );
          let left = balance - queued;
          let hours = 0;
          while (left > 0) {
            hours++;
            left -= burn;
            if (left > 0)
              left -= ordered
                .filter(({ hour }) => hour === hours)
                .reduce((sum, { amount }) => sum + amount, 0);
          }
          const measured = ((until?.getTime() ?? Infinity) - now.getTime()) / hourMs;
          expect(Math.max(0, Math.ceil(measured - 1e-6))).toBe(hours);
        },
      ),
    );
  });
});

describe("a provider's money", () => {
  let app: TestApp;
  let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];
  let providerId: string;

  beforeAll(async () => {
    app = await startTestApp();
    ({ sandbox, providerId } = await connectTestSandbox(app));
  });

  afterAll(async () => {
    await app.client.close();
    await sandbox.close();
    await app.stop();
  });

  async function provider<Data>(fields: string): Promise<Data> {
    const { provider: found } = await app.client.data<{ provider: Data }>(
      `query ($id: ID!) { provider(id: $id) { ${fields} } }`,
      { id: providerId },
    );
    return found;
  }

  const refresh = (): Promise<unknown> =>
    app.client.data("mutation ($id: ID!) { refreshBalance(providerId: $id) { __typename } }", {
      id: providerId,
    });

  const low = async () =>
    provider<{ balanceIsLow: boolean; lowBalance: string | null }>("balanceIsLow lowBalance");

  const setRate = (currency: string, price: string): Promise<unknown> =>
    app.client.data(
      `mutation ($input: SetRatesInput!) { setRates(input: $input) { ... on RateChanges { added } ... on Error { message } } }`,
      { input: { providerId, rates: [{ mccmnc: "231", price, currency }] } },
    );

  async function send(text = "Hello", more: object = {}): Promise<string> {
    const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
      `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } ... on Error { message } } }`,
      { input: { providerId, to: "+421901000000", text, ...more } },
    );
    return sendMessage.id;
  }

  const costOf = async (id: string) => {
    const { message } = await app.client.data<{ message: { status: string; cost: object | null } }>(
      "query ($id: ID!) { message(id: $id) { status cost { amount currency } } }",
      { id },
    );
    return message.cost;
  };

  interface Difference {
    message: { id: string };
    estimated: { amount: string; currency: string };
    charged: { amount: string; currency: string };
    difference: { amount: string; currency: string } | null;
  }
  const differences = (args = "") =>
    provider<{
      costDifferences: { edges: { cursor: string; node: Difference }[]; pageInfo: { hasNextPage: boolean } };
    }>(
      `costDifferences${args} { pageInfo { hasNextPage } edges { cursor node {
        message { id } estimated { amount currency } charged { amount currency } difference { amount currency } } } }`,
    ).then(({ costDifferences }) => costDifferences);

  it("cost differences list exactly the messages charged differently from their estimate, to the last decimal", async () => {
    await app.client.data("mutation ($id: ID!) { refreshBalance(providerId: $id) { __typename } }", {
      id: providerId,
    });
    await setRate("EUR", "0.05");
    const same = await send();
    await expect.poll(() => costOf(same)).toEqual({ amount: "0.05", currency: "EUR" });
    await setRate("EUR", "0.0481");
    const dearer = await send("x".repeat(400));
    await expect.poll(() => costOf(dearer)).toEqual({ amount: "0.15", currency: "EUR" });
    await setRate("USD", "0.05");
    const foreign = await send();
    await expect.poll(() => costOf(foreign)).toEqual({ amount: "0.05", currency: "EUR" });
    const { edges } = await differences();
    expect(edges.map(({ node }) => node)).toEqual([
      {
        message: { id: foreign },
        estimated: { amount: "0.05", currency: "USD" },
        charged: { amount: "0.05", currency: "EUR" },
        difference: null,
      },
      {
        message: { id: dearer },
        estimated: { amount: "0.1443", currency: "EUR" },
        charged: { amount: "0.15", currency: "EUR" },
        difference: { amount: "0.0057", currency: "EUR" },
      },
    ]);
    const first = await differences("(first: 1)");
    expect(first.pageInfo.hasNextPage).toBe(true);
    const second = await differences(`(first: 1, after: "${first.edges[0]?.cursor}")`);
    expect(second.edges.map(({ node }) => node.message.id)).toEqual([dearer]);
    const last = await differences("(last: 1)");
    expect(last.edges.map(({ node }) => node.message.id)).toEqual([dearer]);
  });

  it("cost differences are read from an index that holds no other messages", async () => {
    const { rows } = await app.services.database.pool
      .query(
        `set enable_seqscan = off; explain select id from messages where provider_id = '0198a1b2-0000-7000-8000-000000000001'
        and (cost <> estimated_cost
          or (cost is not null and estimated_cost is not null and cost_currency is distinct from estimated_currency))
        order by id desc limit 20`,
      )
      .then((results) => (results as unknown as { rows: object[] }[])[1] ?? { rows: [] });
    expect(JSON.stringify(rows)).toContain("messages_cost_differences_idx");
  });

  it("every fetched balance of a provider is kept", async () => {
    for (const euros of [30, 20, 10]) {
      sandbox.prepay(euros);
      await refresh();
    }
    type History = { balanceHistory: { edges: { cursor: string; node: { amount: { amount: string } } }[] } };
    const { balanceHistory } = await provider<History>(
      "balanceHistory(first: 2) { edges { cursor node { amount { amount } } } }",
    );
    expect(balanceHistory.edges.map(({ node }) => node.amount.amount)).toEqual(["10", "20"]);
    const next = await provider<History>(
      `balanceHistory(first: 1, after: "${balanceHistory.edges[1]?.cursor}") { edges { node { amount { amount } } } }`,
    );
    expect(next.balanceHistory.edges.map(({ node }) => node.amount.amount)).toEqual(["30"]);
  });

  it("a provider shows how long its balance lasts, including scheduled messages", async () => {
    await setRate("EUR", "0.05");
    const { runway } = await provider<{
      runway: { hours: number; committed: { amount: string }; burnPerHour: { amount: string } };
    }>(
      "runway { hours until committed { amount currency } burnPerHour { amount currency } committedUnits unitsPerHour }",
    );
    // Three messages of 0.05, 0.15 and 0.05 in six hours.
    expect(runway).toMatchObject({
      burnPerHour: { amount: "0.041667", currency: "EUR" },
      committed: { amount: "0", currency: "EUR" },
      committedUnits: null,
      unitsPerHour: null,
    });
    expect(runway.hours).toBeCloseTo(10 / (0.25 / 6), 0);
    await send("x".repeat(400), { scheduledAt: new Date(Date.now() + 48 * hourMs).toISOString() });
    const later = await provider<{ runway: typeof runway }>("runway { hours committed { amount } }");
    expect(later.runway.committed.amount).toBe("0.15");
    expect(later.runway.hours).toBeCloseTo(9.85 / (0.25 / 6), 0);
  });

  it("a balance in units lasts as many segments", async () => {
    const { connectProvider } = await app.client.data<{ connectProvider: { id: string } }>(
      `mutation { connectProvider(input: { telekom: { name: "T", token: "x", defaultSender: "smsgraph" } }) { ... on Provider { id } } }`,
    );
    const { prisma } = app.services.database;
    const id = Buffer.from(connectProvider.id, "base64").toString().split(":")[1] ?? "";
    await prisma.balance.create({
      data: {
        id: randomUUIDv7(),
        accountId: app.accountId,
        providerId: id,
        units: "100",
        fetchedAt: new Date(),
      },
    });
    const scheduledAt = new Date(Date.now() + 48 * hourMs).toISOString();
    await send("x".repeat(400), { providerId: connectProvider.id, scheduledAt });
    const { provider: found } = await app.client.data<{ provider: { runway: object } }>(
      `query ($id: ID!) { provider(id: $id) { runway { hours until committed { amount } committedUnits burnPerHour { amount } unitsPerHour } } }`,
      { id: connectProvider.id },
    );
    expect(found.runway).toEqual({
      hours: null,
      until: null,
      committed: null,
      committedUnits: "3",
      burnPerHour: null,
      unitsPerHour: "0",
    });
  });

  it("a low balance is reported once in the log, the metrics and balanceChanged", async () => {
    expect(await low()).toEqual({ balanceIsLow: false, lowBalance: null });
    const changes = app.client.subscribe<{ balanceChanged: { isLow: boolean; amount: { amount: string } } }>(
      "subscription ($id: ID) { balanceChanged(providerId: $id) { isLow amount { amount } } }",
      { id: providerId },
    );
    sandbox.prepay(5.25);
    await app.client.data(
      `mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { ... on Provider { id } ... on Error { message } } }`,
      { input: { id: providerId, lowBalance: "5.5" } },
    );
    // A new threshold causes the balance to be fetched at once.
    const seen = await takeUntil(changes, ({ data }) => data?.balanceChanged.isLow === true);
    expect(seen.at(-1)?.data?.balanceChanged).toEqual({ isLow: true, amount: { amount: "5.25" } });
    await refresh();
    expect(await low()).toEqual({ balanceIsLow: true, lowBalance: "5.5" });
    const logged = (): number => app.log.filter((line) => line.includes("below its threshold")).length;
    expect(logged()).toBe(1);
    sandbox.prepay(6);
    await refresh();
    expect((await low()).balanceIsLow).toBe(false);
    sandbox.prepay(1);
    await refresh();
    expect(logged()).toBe(2);
    expect(await app.metrics.registry.getSingleMetricAsString("smsgraph_low_balances_total")).toContain(
      'smsgraph_low_balances_total{provider="TIKOSMS"} 2',
    );
  });

  it("a provider is asked automatically for the rate of a country that messages go to", async () => {
    await send("Hello", { to: "+48501000000" });
    await expect
      .poll(
        async () => {
          const { message } = await app.client.data<{ message: { estimatedCost: object | null } }>(
            "query ($id: ID!) { message(id: $id) { estimatedCost { amount currency } } }",
            { id: await send("Hello", { to: "+48501000000" }) },
          );
          return message.estimatedCost;
        },
        { timeout: 120_000, interval: 500 },
      )
      .toEqual({ amount: "0.028", currency: "EUR" });
  });
});
