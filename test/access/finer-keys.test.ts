import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAddressRange } from "../../src/lib/address-ranges.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { storeCampaign } from "../support/stored-campaigns.ts";

interface Created {
  code?: string;
  message?: string;
  field?: string;
  secret: string;
  apiKey: {
    id: string;
    prefix: string;
    scopes: string[];
    allowedAddresses: string[];
    replacesId: string | null;
    expiresAt: string | null;
  };
}

const created = `... on CreatedApiKey { secret apiKey { id prefix scopes allowedAddresses replacesId expiresAt } }
  ... on Error { code message ... on InvalidInputError { field } }`;

let app: TestApp;
let other: TestApp;

beforeAll(async () => {
  const trustedProxies = [parseAddressRange("127.0.0.1")].filter((range) => range !== undefined);
  app = await startTestApp({ runsWorker: false, trustedProxies, secretKey: randomBytes(32) });
  const { databaseUrl, secretKey } = app;
  other = await startTestApp({ databaseUrl, secretKey, runsWorker: false });
});

afterAll(async () => {
  for (const { client } of [app, other]) await client.close();
  await other.stop();
  await app.stop();
});

const create = async (input: object, client = app.client): Promise<Created> =>
  (
    await client.data<{ createApiKey: Created }>(
      `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { ${created} } }`,
      { input: { name: "key", scopes: ["READ"], ...input } },
    )
  ).createApiKey;

const rotate = async (id: string, overlapHours: number, client = app.client): Promise<Created> =>
  (
    await client.data<{ rotateApiKey: Created }>(
      `mutation ($id: ID!, $hours: Int!) { rotateApiKey(id: $id, overlapHours: $hours) { ${created} } }`,
      { id, hours: overlapHours },
    )
  ).rotateApiKey;

const status = async (key: string, headers: Record<string, string> = {}): Promise<number> =>
  (
    await fetch(`${app.url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
      body: JSON.stringify({ query: "{ viewer { keyName } }" }),
    })
  ).status;

describe("rotation of API keys", () => {
  it("a rotated key and its successor both open until the overlap ends, and the successor may do the same", async () => {
    const first = await create({ scopes: ["READ", "SEND"], allowedAddresses: ["127.0.0.0/8"] });
    const second = await rotate(first.apiKey.id, 24);
    expect(second.apiKey).toMatchObject({
      prefix: second.secret.slice(0, 9),
      scopes: ["READ", "SEND"],
      allowedAddresses: ["127.0.0.0/8"],
      replacesId: first.apiKey.id,
      expiresAt: null,
    });
    expect([await status(first.secret), await status(second.secret)]).toEqual([200, 200]);
    const { node } = await app.client.data<{ node: { expiresAt: string } }>(
      "query ($id: ID!) { node(id: $id) { ... on ApiKey { expiresAt } } }",
      { id: first.apiKey.id },
    );
    const hours = (new Date(node.expiresAt).getTime() - Date.now()) / 3_600_000;
    expect(Math.round(hours)).toBe(24);
  });

  it("a key rotated without overlap ends at once, with what it has opened", async () => {
    const first = await create({ scopes: ["READ"] });
    const client = new GraphqlClient(other.url, first.secret);
    const events = client.socket().iterate({ query: "subscription { messageEvents { __typename } }" });
    await events.next();
    const second = await rotate(first.apiKey.id, 0);
    await expect(drain(events)).rejects.toMatchObject({ code: 4403 });
    expect([await status(first.secret), await status(second.secret)]).toEqual([401, 200]);
    expect(await rotate(first.apiKey.id, 24)).toMatchObject({ code: "NOT_FOUND" });
  });

  it("an overlap that is no number of hours up to a month is refused", async () => {
    const { apiKey } = await create({});
    for (const hours of [-1, 721])
      expect(await rotate(apiKey.id, hours)).toMatchObject({ code: "INVALID_INPUT", field: "overlapHours" });
  });
});

describe("the scope KEYS", () => {
  it("a key with KEYS makes, rotates and revokes only keys that may do no more than itself", async () => {
    const keeper = new GraphqlClient(app.url, (await create({ scopes: ["READ", "KEYS"] })).secret);
    const lesser = await create({ scopes: ["READ"] }, keeper);
    expect(lesser.secret).toMatch(/^sg_/);
    await rotate(lesser.apiKey.id, 24, keeper);
    const beyond = /may do no more than itself, and it lacks/;
    for (const scopes of [["SEND"], ["ADMIN"], ["READ", "BILLING"]])
      await expect(create({ scopes }, keeper)).rejects.toThrow(beyond);
    const admin = await create({ scopes: ["ADMIN"] });
    await expect(rotate(admin.apiKey.id, 24, keeper)).rejects.toThrow(beyond);
    await expect(
      keeper.data("mutation ($id: ID!) { revokeApiKey(id: $id) { __typename } }", { id: admin.apiKey.id }),
    ).rejects.toThrow(beyond);
    expect(await status(admin.secret)).toBe(200);
  });

  it("a key with KEYS that is bound makes and rotates no key that is bound less, and does not loosen its own limits", async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const bounds = { allowedAddresses: ["127.0.0.0/24"], expiresAt: soon, limits: { requests: 50 } };
    const made = await create({ scopes: ["KEYS"], ...bounds });
    const keeper = new GraphqlClient(app.url, made.secret);
    const free = await create({ scopes: ["KEYS"] });
    const cases: [string, object][] = [
      ["expiresAt", { expiresAt: null }],
      ["expiresAt", { expiresAt: new Date(Date.now() + 7_200_000).toISOString() }],
      ["allowedAddresses", { allowedAddresses: [] }],
      ["allowedAddresses", { allowedAddresses: ["127.0.0.1", "10.0.0.1"] }],
      ["allowedAddresses", { allowedAddresses: ["127.0.0.0/16"] }],
      ["limits.requests", { limits: {} }],
      ["limits.requests", { limits: { requests: 51 } }],
    ];
    for (const [field, looser] of cases)
      await expect(create({ scopes: ["KEYS"], ...bounds, ...looser }, keeper)).rejects.toThrow(field);
    const within = { ...bounds, allowedAddresses: ["127.0.0.1"], limits: { requests: 5, cost: 9 } };
    expect((await create({ scopes: ["KEYS"], ...within }, keeper)).secret).toMatch(/^sg_/);
    await expect(rotate(free.apiKey.id, 24, keeper)).rejects.toThrow("expiresAt");
    await expect(
      keeper.data("mutation ($id: ID!) { setApiKeyLimits(id: $id, limits: {}) { __typename } }", {
        id: made.apiKey.id,
      }),
    ).rejects.toThrow("limits.requests");
    expect((await rotate(made.apiKey.id, 24, keeper)).apiKey).toMatchObject({ expiresAt: soon });
  });
});

describe("addresses of keys", () => {
  it("a key is refused from everywhere but its addresses, and a proxy that is not trusted cannot lend one", async () => {
    const { secret } = await create({ allowedAddresses: ["203.0.113.0/24", "2001:db8::1"] });
    const from = (address: string): Promise<number> => status(secret, { "x-forwarded-for": address });
    expect(await status(secret)).toBe(401);
    expect(await from("203.0.113.9")).toBe(200);
    expect(await from("2001:DB8::1")).toBe(200);
    expect(await from("::ffff:203.0.113.9")).toBe(200);
    expect(await from("203.0.114.9")).toBe(401);
    expect(await from("203.0.113.9, 198.51.100.1")).toBe(401);
    expect(await from("203.0.113.9, 127.0.0.1")).toBe(200);
    const direct = await fetch(`${other.url}/graphql`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${secret}`,
        "content-type": "application/json",
        "x-forwarded-for": "203.0.113.9",
      },
      body: JSON.stringify({ query: "{ viewer { keyName } }" }),
    });
    expect(direct.status).toBe(401);
    expect(await direct.text()).toMatch(/may not be used from 127\.0\.0\.1/);
  });

  it("a socket is refused from an address that its key may not be used from", async () => {
    const { secret } = await create({ allowedAddresses: ["203.0.113.0/24"] });
    const events = new GraphqlClient(app.url, secret).socket().iterate({ query: "{ viewer { keyName } }" });
    await expect(drain(events)).rejects.toMatchObject({ code: 4403 });
  });

  it.each(["", "nowhere", "203.0.113.0/33", "1"])(
    "an address of a key that is none is refused: %j",
    async (text) => {
      expect(await create({ allowedAddresses: [text] })).toMatchObject({
        code: "INVALID_INPUT",
        field: "allowedAddresses.0",
      });
    },
  );
});

describe("watch tokens one by one", () => {
  it("watch tokens are listed, and revoking one ends its streams within a second and no others", async () => {
    const { id: campaignId } = await storeCampaign(app, [], []);
    const issue = async () =>
      (
        await app.client.data<{ createWatchToken: { id: string; token: string } }>(
          "mutation ($id: ID!) { createWatchToken(input: { campaignId: $id }) { ... on WatchToken { id token } } }",
          { id: campaignId },
        )
      ).createWatchToken;
    const [lost, kept] = [await issue(), await issue()];
    const watch = (token: string) =>
      new GraphqlClient(other.url, token).socket().iterate({
        query: "subscription ($id: ID!) { campaignProgress(id: $id) { id } }",
        variables: { id: campaignId },
      });
    const [lostStream, keptStream] = [watch(lost.token), watch(kept.token)];
    await Promise.all([lostStream.next(), keptStream.next()]);
    const { watchTokens } = await app.client.data<{ watchTokens: { edges: { node: object }[] } }>(
      "{ watchTokens(first: 2) { edges { node { id targetId revokedAt apiKey { name } } } } }",
    );
    expect(watchTokens.edges.map(({ node }) => node)).toEqual(
      [kept.id, lost.id].map((id) => ({
        id,
        targetId: campaignId,
        revokedAt: null,
        apiKey: { name: "test" },
      })),
    );
    const revokeToken = (id: string) =>
      app.client.data(
        "mutation ($id: ID!) { revokeWatchToken(id: $id) { ... on IssuedWatchToken { revokedAt } ... on Error { code } } }",
        { id },
      );
    expect(await revokeToken(lost.id)).toEqual({ revokeWatchToken: { revokedAt: expect.any(String) } });
    await expect(drain(lostStream)).rejects.toMatchObject({ code: 4403 });
    // The other is known, and `viewer` is not part of what it opens.
    expect([await status(lost.token), await status(kept.token)]).toEqual([401, 403]);
    const stranger = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
    const refused = await stranger.data(
      "mutation ($id: ID!) { revokeWatchToken(id: $id) { ... on Error { code } } }",
      { id: kept.id },
    );
    expect(refused).toEqual({ revokeWatchToken: { code: "NOT_FOUND" } });
    await keptStream.return?.();
  });
});

/** Reads until the stream ends or fails. */
async function drain(events: AsyncIterableIterator<unknown>): Promise<void> {
  for (;;) if ((await events.next()).done === true) return;
}
