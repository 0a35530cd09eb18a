import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeId } from "../../src/lib/global-id.ts";
import { twins, type RunningTwin } from "../../src/sandbox/twins.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { connectProvider as connectTikosms, mutate } from "../support/mutations.ts";

let app: TestApp;
const running = new Map<string, { server: RunningTwin; id: string }>();

beforeAll(async () => {
  app = await startTestApp({
    runsWorker: false,
    providerLimits: { headersTimeoutMs: 1000, totalTimeoutMs: 2000 },
  });
  for (const twin of twins) {
    const server = await twin.start({ immediate: true });
    const input = {
      [twin.kind.toLowerCase()]: { name: twin.title, baseUrl: server.url, ...server.credentials },
    };
    const { connectProvider } = await app.client.data<{ connectProvider: { id: string } }>(
      "mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ... on Provider { id } } }",
      { input },
    );
    running.set(twin.kind, { server, id: connectProvider.id });
  }
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
  for (const { server } of running.values()) await server.close();
});

const idOf = (kind: string): string => running.get(kind)?.id ?? "";

describe.each(twins.map(({ kind }) => kind))("%s", (kind) => {
  it("a provider's credentials are proven without sending", async () => {
    const { checkProvider } = await app.client.data<{ checkProvider: object }>(
      "mutation ($id: ID!) { checkProvider(id: $id) { ... on ProviderCheck { reachable authenticated detail } } }",
      { id: idOf(kind) },
    );
    expect(checkProvider).toMatchObject({
      reachable: true,
      authenticated: true,
      detail: expect.any(String) as string,
    });
  });

  it("a provider's wrong credentials are reported as wrong", async () => {
    const field = Object.keys(running.get(kind)?.server.credentials ?? {}).at(-1) ?? "";
    const wrong = "0".repeat(64);
    const update = "mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { __typename } }";
    await app.client.data(update, { input: { id: idOf(kind), [field]: wrong } });
    const { checkProvider } = await app.client.data<{ checkProvider: { detail: string } }>(
      "mutation ($id: ID!) { checkProvider(id: $id) { ... on ProviderCheck { reachable authenticated detail } } }",
      { id: idOf(kind) },
    );
    expect(checkProvider).toMatchObject({ reachable: true, authenticated: false });
    expect(checkProvider.detail).not.toContain(wrong);
    await app.client.data(update, { input: { id: idOf(kind), ...running.get(kind)?.server.credentials } });
  });

  it("a provider refuses a setting that it does not have", async () => {
    const foreign = kind === "QIKLI" ? "apiToken" : "username";
    const { updateProvider } = await app.client.data<{ updateProvider: object }>(
      `mutation ($input: UpdateProviderInput!) {
        updateProvider(input: $input) { __typename ... on InvalidInputError { field message } }
      }`,
      { input: { id: idOf(kind), [foreign]: "anything" } },
    );
    expect(updateProvider).toMatchObject({ __typename: "InvalidInputError", field: foreign });
  });

  it("a provider takes the settings that only it has", async () => {
    const own: Record<string, object> = {
      TONKRA: { api: "V3" },
      TELEKOM: { format: "XML", useSession: true, preferRcs: true },
      QIKLI: { format: "XML", resend: false, logs: true },
    };
    const input = { id: idOf(kind), ...own[kind] };
    const { updateProvider } = await app.client.data<{ updateProvider: object }>(
      "mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { __typename } }",
      { input },
    );
    expect(updateProvider).toEqual({ __typename: "Provider" });
    const usual = {
      TONKRA: { api: "HTTP" },
      TELEKOM: { format: "JSON", useSession: false, preferRcs: false },
    };
    const back = { QIKLI: { format: "JSON", resend: true, logs: false }, ...usual } as Record<string, object>;
    await app.client.data(
      "mutation ($input: UpdateProviderInput!) { updateProvider(input: $input) { __typename } }",
      { input: { id: idOf(kind), ...back[kind] } },
    );
  });

  it("a provider's credentials are never shown again", async () => {
    const { rows } = await app.services.database.pool.query<{ row: string }>(
      "select providers::text as row from providers",
    );
    const { username: _public, ...secrets } = running.get(kind)?.server.credentials ?? {};
    const stored = rows.map(({ row }) => row).join();
    for (const secret of Object.values(secrets)) expect(stored).not.toContain(secret);
  });
});

describe("balances", () => {
  const refresh = `mutation ($id: ID!) {
    refreshBalance(providerId: $id) {
      __typename
      ... on Balance { amount { amount currency } units creditLimit { amount } fetchedAt }
      ... on Error { code message }
    }
  }`;

  it("a balance is money or units, as the provider counts", async () => {
    const money = await app.client.data<{ refreshBalance: object }>(refresh, { id: idOf("TIKOSMS") });
    expect(money.refreshBalance).toMatchObject({
      amount: { amount: "634.9288", currency: "EUR" },
      units: null,
    });
    const units = await app.client.data<{ refreshBalance: object }>(refresh, { id: idOf("TONKRA") });
    expect(units.refreshBalance).toMatchObject({ amount: null, units: "4250" });
  });

  it("a balance is a typed error where the provider tells none", async () => {
    const { refreshBalance } = await app.client.data<{ refreshBalance: object }>(refresh, {
      id: idOf("QIKLI"),
    });
    expect(refreshBalance).toMatchObject({
      __typename: "UnsupportedFeatureError",
      code: "UNSUPPORTED_FEATURE",
    });
  });

  it("balances are pushed: the newest at once, then every newer one", async () => {
    await app.client.data(refresh, { id: idOf("TIKOSMS") });
    const changes = app.client.subscribe<{ balanceChanged: { id: string; provider: { id: string } } }>(
      "subscription ($id: ID) { balanceChanged(providerId: $id) { id provider { id } amount { amount } } }",
      { id: idOf("TIKOSMS") },
    );
    const first = await changes.next();
    await app.client.data(refresh, { id: idOf("TONKRA") });
    await app.client.data(refresh, { id: idOf("TIKOSMS") });
    const second = await changes.next();
    await changes.return?.();
    const results = [first, second].map(({ value }) => value?.data?.balanceChanged);
    expect(results.map((balance) => balance?.provider.id)).toEqual([idOf("TIKOSMS"), idOf("TIKOSMS")]);
    expect(results[0]?.id).not.toBe(results[1]?.id);
  });

  it("the list of balances has the newest of each provider", async () => {
    const { balances } = await app.client.data<{ balances: { provider: { kind: string } }[] }>(
      "{ balances { provider { kind } } }",
    );
    expect(balances.map(({ provider }) => provider.kind).toSorted()).toEqual(["TIKOSMS", "TONKRA"]);
  });
});

describe("lookupPhoneNumber", () => {
  const lookUp = `query ($number: String!, $id: ID) {
    lookupPhoneNumber(number: $number, providerId: $id) {
      number valid country callingCode national type providerCheck { valid detail }
    }
  }`;

  it("lookupPhoneNumber tells what the numbering plans know", async () => {
    const { lookupPhoneNumber } = await app.client.data<{ lookupPhoneNumber: object }>(lookUp, {
      number: "+421 901 000 000",
    });
    expect(lookupPhoneNumber).toMatchObject({
      number: "+421901000000",
      valid: true,
      country: "SK",
      callingCode: "421",
      type: "MOBILE",
      providerCheck: null,
    });
  });

  it("lookupPhoneNumber asks a provider that has a look-up", async () => {
    const variables = { number: "+421901000000", id: idOf("TELEKOM") };
    const { lookupPhoneNumber } = await app.client.data<{ lookupPhoneNumber: object }>(lookUp, variables);
    expect(lookupPhoneNumber).toMatchObject({ providerCheck: { valid: true } });
  });

  it.each([
    ["12", undefined, "INVALID_PHONE_NUMBER"],
    ["+421901000000", "QIKLI", "UNSUPPORTED_FEATURE"],
  ])("lookupPhoneNumber refuses %s with %s", async (number, kind, code) => {
    const { errors } = await app.client.send(lookUp, { number, id: kind === undefined ? null : idOf(kind) });
    expect(errors?.[0]?.extensions?.code).toBe(code);
  });
});

it("the cadence groups of the provider that has some are listed", async () => {
  const { providers } = await app.client.data<{
    providers: { kind: string; cadenceGroups: { id: string }[] }[];
  }>("{ providers { kind cadenceGroups { id name paused note } } }");
  const counts = Object.fromEntries(providers.map(({ kind, cadenceGroups }) => [kind, cadenceGroups.length]));
  expect(counts).toEqual({ TIKOSMS: 0, TONKRA: 0, TELEKOM: 7, QIKLI: 0 });
});

it("an update of a connection keeps what another process has changed meanwhile", async () => {
  const shownId = await connectTikosms(app.client);
  const id = decodeId("Provider", shownId);
  const { connections, database } = app.services;
  // This process has heard nothing of it.
  const settings = { ...((await connections.get(id))?.row.settings as object), timeZone: "Europe/Kyiv" };
  const secrets = connections.sealSecrets(id, { credentials: { apiToken: "newer" }, callbackSecret: "same" });
  await database.prisma.provider.update({ where: { id }, data: { settings, secrets } });
  await mutate(app.client, "updateProvider", "UpdateProviderInput!", { id: shownId, name: "Renamed" });
  const row = await database.prisma.provider.findUniqueOrThrow({ where: { id } });
  expect(row).toMatchObject({ name: "Renamed", settings: { timeZone: "Europe/Kyiv" } });
  expect(connections.openSecrets(row)).toEqual({
    credentials: { apiToken: "newer" },
    callbackSecret: "same",
  });
});
