import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodeId } from "../../../src/lib/global-id.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { connectProvider, mutate } from "../../support/mutations.ts";

interface Result {
  __typename: string;
  id?: string;
  code?: string;
  message?: string;
  country?: string | null;
  cap?: { period: string; amount: { amount: string }; spent: { amount: string } } | null;
}

interface Limits {
  allowedCountries: string[] | null;
  caps: { country: string | null; period: string; amount: { amount: string }; spent: { amount: string } }[];
}

let app: TestApp;
let other: TestApp;
let accountId: string;
let client: GraphqlClient;
let otherClient: GraphqlClient;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  other = await startTestApp({ runsWorker: false, databaseUrl: app.databaseUrl, secretKey: app.secretKey });
});

afterAll(async () => {
  await other.stop();
  await app.stop();
});

/** A new account with prices of 0.10 EUR to Slovakia and 0.07 EUR to Czechia, and none elsewhere. */
beforeEach(async () => {
  accountId = await app.createAccount();
  const key = await app.createKey(undefined, accountId);
  client = new GraphqlClient(app.url, key);
  otherClient = new GraphqlClient(other.url, key);
  const providerId = await connectProvider(client, { defaultSender: "smsgraph" });
  for (const [country, mcc, price] of [
    ["SK", "231", "0.10"],
    ["CZ", "230", "0.07"],
  ] as const) {
    await app.services.database.prisma.rate.create({
      data: {
        id: randomUUID(),
        accountId,
        providerId: decodeId("Provider", providerId),
        mcc,
        country,
        price,
        currency: "EUR",
        validFrom: new Date(0),
      },
    });
  }
  app.services.rateBooks.changed(accountId);
});

const limits = `allowedCountries caps { country period amount { amount currency } spent { amount } }`;

async function setLimits(input: object): Promise<Limits> {
  const { setSpendingLimits } = await client.data<{ setSpendingLimits: Limits }>(
    `mutation ($input: SpendingLimitsInput!) { setSpendingLimits(input: $input) {
      ... on SpendingLimits { ${limits} } ... on Error { code message } } }`,
    { input },
  );
  return setSpendingLimits;
}

async function spent(): Promise<string[]> {
  const { spendingLimits } = await client.data<{ spendingLimits: Limits }>(
    `{ spendingLimits { ${limits} } }`,
  );
  return spendingLimits.caps.map((cap) => cap.spent.amount);
}

const result = `__typename ... on Message { id } ... on Error { code message }
  ... on CountryNotAllowedError { country }
  ... on SpendingCapError { cap { period amount { amount } spent { amount } } }`;

async function send(to: string, input: object = {}, by = client): Promise<Result> {
  const { sendMessage } = await by.data<{ sendMessage: Result }>(
    `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ${result} } }`,
    { input: { to, text: "Hello", ...input } },
  );
  return sendMessage;
}

async function sendMany(to: string, count: number, by: GraphqlClient): Promise<Result[]> {
  const messages = Array.from({ length: count }, () => ({ to, text: "Hello" }));
  const { sendMessages } = await by.data<{ sendMessages: { results: Result[] } }>(
    `mutation ($input: SendMessagesInput!) { sendMessages(input: $input) {
      ... on SendMessagesSuccess { results { ${result} } } } }`,
    { input: { messages } },
  );
  return sendMessages.results;
}

const slovakia = "+421901000000";
const czechia = "+420601000000";
const germany = "+4915112345678";
const countMessages = (): Promise<number> =>
  app.services.database.prisma.message.count({ where: { accountId } });

describe("the list of countries", () => {
  it("all countries are allowed by default, and only the listed ones once a list is set", async () => {
    expect(await client.data("{ spendingLimits { allowedCountries caps { country } } }")).toEqual({
      spendingLimits: { allowedCountries: null, caps: [] },
    });
    expect(await setLimits({ allowedCountries: ["sk", "CZ"] })).toMatchObject({
      allowedCountries: ["SK", "CZ"],
    });
    expect(await send(slovakia)).toMatchObject({ __typename: "Message" });
    expect(await send(germany)).toMatchObject({
      __typename: "CountryNotAllowedError",
      code: "COUNTRY_NOT_ALLOWED",
      country: "DE",
    });
    expect(await countMessages()).toBe(1);
    await setLimits({});
    expect(await send(germany)).toMatchObject({ __typename: "Message" });
  });

  it("the list of countries may be empty, and takes only countries", async () => {
    await setLimits({ allowedCountries: [] });
    expect(await send(slovakia)).toMatchObject({ code: "COUNTRY_NOT_ALLOWED" });
    expect(await setLimits({ allowedCountries: ["Atlantis"] })).toMatchObject({ code: "INVALID_INPUT" });
    const many = Array<string>(301).fill("SK");
    expect(await setLimits({ allowedCountries: many })).toMatchObject({ code: "INVALID_INPUT" });
  });

  it("only administrators can set the list of countries", async () => {
    const key = await app.createKey(["READ", "SEND"], accountId);
    await expect(
      mutate(new GraphqlClient(app.url, key), "setSpendingLimits", "SpendingLimitsInput!", {}),
    ).rejects.toThrow(/scope/);
  });
});

const daily = (amount: string, country?: string) => ({ period: "DAY", amount, currency: "EUR", country });

const create = async (to: string[]) =>
  (
    await client.data<{ createCampaign: Result & { refusedCount?: number } }>(
      `mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) {
        __typename ... on Campaign { refusedCount } ... on Error { code } } }`,
      { input: { name: "Campaign", text: "Hello", recipients: to.map((one) => ({ to: one })) } },
    )
  ).createCampaign;
const numbers = (count: number) => Array.from({ length: count }, (_, index) => `+42190100000${index}`);

const dryRun = async (to: string[]) =>
  (
    await client.data<{ createCampaign: object }>(
      `mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { ... on CampaignPreview {
        total refusedCount refusedRecipients { edges { node { code } } }
        spendingCapError { code cap { amount { amount } spent { amount } } } } } }`,
      {
        input: {
          name: "Campaign",
          text: "Hello",
          dryRun: true,
          recipients: to.map((one) => ({ to: one })),
        },
      },
    )
  ).createCampaign;

describe("a dry run of a campaign", () => {
  it("a dry run of a campaign shows which cap and which countries would refuse it, and spends nothing", async () => {
    await setLimits({ allowedCountries: ["SK"], caps: [daily("0.25")] });
    expect(await dryRun([...numbers(2), germany])).toEqual({
      total: 2,
      refusedCount: 1,
      refusedRecipients: { edges: [{ node: { code: "COUNTRY_NOT_ALLOWED" } }] },
      spendingCapError: null,
    });
    expect(await dryRun(numbers(3))).toMatchObject({
      total: 3,
      spendingCapError: {
        code: "SPENDING_CAP_REACHED",
        cap: { amount: { amount: "0.25" }, spent: { amount: "0" } },
      },
    });
    expect(await spent()).toEqual(["0"]);
    expect(await create(numbers(3))).toMatchObject({ code: "SPENDING_CAP_REACHED" });
    expect(await create(numbers(2))).toMatchObject({ __typename: "Campaign" });
  });
});

describe("a cap", () => {
  it("a cap is spent to the last message that fits, and its error says so", async () => {
    await setLimits({ caps: [daily("0.25")] });
    expect(await send(slovakia)).toMatchObject({ __typename: "Message" });
    expect(await send(slovakia)).toMatchObject({ __typename: "Message" });
    expect(await send(slovakia)).toMatchObject({
      __typename: "SpendingCapError",
      code: "SPENDING_CAP_REACHED",
      cap: { period: "DAY", amount: { amount: "0.25" }, spent: { amount: "0.2" } },
    });
    expect(await spent()).toEqual(["0.2"]);
    expect(await countMessages()).toBe(2);
  });

  it("a cap for one country does not affect others, and a cap for the account covers all", async () => {
    await setLimits({ caps: [daily("0.15", "SK"), daily("0.25")] });
    expect((await send(slovakia)).code).toBeUndefined();
    expect((await send(slovakia)).code).toBe("SPENDING_CAP_REACHED");
    expect((await send(czechia)).code).toBeUndefined();
    expect((await send(czechia)).code).toBeUndefined();
    expect((await send(czechia)).code).toBe("SPENDING_CAP_REACHED");
    expect(await spent()).toEqual(["0.1", "0.24"]);
  });

  it("a cap counts what was sent before it was set", async () => {
    await sendMany(slovakia, 3, client);
    const { caps } = await setLimits({ caps: [{ period: "MONTH", amount: "0.4", currency: "EUR" }] });
    expect(caps[0]?.spent.amount).toBe("0.3");
    expect((await send(slovakia)).code).toBeUndefined();
    expect((await send(slovakia)).code).toBe("SPENDING_CAP_REACHED");
    // A raised cap keeps its count; a cap that is removed and set again counts from the start.
    expect((await setLimits({ caps: [daily("1")] })).caps[0]?.spent.amount).toBe("0.4");
    await setLimits({});
    await send(slovakia);
    expect((await setLimits({ caps: [daily("1")] })).caps[0]?.spent.amount).toBe("0.5");
  });

  it("a cap refuses messages that it cannot count, unless they are allowed", async () => {
    await setLimits({ caps: [daily("1")] });
    expect(await send(germany)).toMatchObject({ __typename: "SpendingCapError", cap: null });
    await setLimits({ caps: [daily("1")], allowUncounted: true });
    expect(await send(germany)).toMatchObject({ __typename: "Message" });
  });

  it("a cap counts a repeat with an idempotency key once, and the repeat is still answered", async () => {
    await setLimits({ caps: [daily("0.1")] });
    const idempotencyKey = randomUUID();
    const { id } = await send(slovakia, { idempotencyKey });
    expect(await send(slovakia, { idempotencyKey })).toMatchObject({ __typename: "Message", id });
    expect(await spent()).toEqual(["0.1"]);
  });

  it("a cap is never exceeded by concurrent sends in two processes", async () => {
    await setLimits({ caps: [daily("7.77"), daily("5", "SK")] });
    const calls = Array.from({ length: 40 }, (_, index) =>
      sendMany(index % 3 === 0 ? czechia : slovakia, 10, index % 2 === 0 ? client : otherClient),
    );
    const results = (await Promise.all(calls)).flat();
    const { prisma } = app.services.database;
    const stored = await prisma.message.groupBy({
      by: ["country"],
      where: { accountId },
      _count: { id: true },
    });
    const counts = Object.fromEntries(stored.map(({ country, _count }) => [country, _count.id]));
    expect(results.filter(({ code }) => code === undefined)).toHaveLength(await countMessages());
    expect(results.filter(({ code }) => code === "SPENDING_CAP_REACHED").length).toBeGreaterThan(0);
    const cents = (counts["SK"] ?? 0) * 10 + (counts["CZ"] ?? 0) * 7;
    expect(counts["SK"]).toBeLessThanOrEqual(50);
    expect(cents).toBeLessThanOrEqual(777);
    // Nothing more fits: neither cap holds room for refused messages.
    expect(counts["SK"] === 50 || 777 - cents < 10).toBe(true);
    expect(await spent()).toEqual([String(cents / 100), String((counts["SK"] ?? 0) / 10)]);
  });

  it("a cap counts every message sent while it is being set", async () => {
    const calls = Array.from({ length: 30 }, (_, index) =>
      sendMany(slovakia, 5, index % 2 === 0 ? client : otherClient),
    );
    await Promise.race(calls);
    await setLimits({ caps: [{ period: "MONTH", amount: "1000", currency: "EUR" }] });
    const results = (await Promise.all(calls)).flat();
    expect(results.every(({ code }) => code === undefined)).toBe(true);
    expect(await spent()).toEqual(["15"]);
  });

  it("caps apply to a campaign as a whole, and the list of countries to each recipient", async () => {
    await setLimits({ allowedCountries: ["SK", "CZ"], caps: [daily("0.3")] });
    expect(await create(numbers(4))).toEqual({
      __typename: "SpendingCapError",
      code: "SPENDING_CAP_REACHED",
    });
    expect(await create([...numbers(3), germany])).toEqual({ __typename: "Campaign", refusedCount: 1 });
    expect(await spent()).toEqual(["0.3"]);
    expect((await send(czechia)).code).toBe("SPENDING_CAP_REACHED");
    // One country over its cap: nothing of the campaign is counted, neither there nor elsewhere.
    await setLimits({ allowedCountries: ["SK", "CZ"], caps: [daily("10"), daily("0.05", "CZ")] });
    expect(await create([...numbers(2), czechia])).toMatchObject({ code: "SPENDING_CAP_REACHED" });
    expect(await spent()).toEqual(["0.3", "0"]);
  });

  it("a cap is validated when it is set", async () => {
    const bad = [
      { ...daily("-1") },
      { ...daily("1"), currency: "eur" },
      { ...daily("1"), country: "Nowhere" },
    ];
    for (const cap of bad) expect(await setLimits({ caps: [cap] })).toMatchObject({ code: "INVALID_INPUT" });
    expect(await setLimits({ caps: [daily("1"), daily("2")] })).toMatchObject({ code: "INVALID_INPUT" });
  });
});
