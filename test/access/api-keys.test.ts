import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeId } from "../../src/lib/global-id.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { GraphqlClient } from "../support/graphql-client.ts";

const createMutation = `mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    __typename
    ... on CreatedApiKey { secret apiKey { ...Key } }
    ... on Error { code message }
    ... on InvalidInputError { field }
  }
}
fragment Key on ApiKey { id name scopes isCurrent createdAt expiresAt lastUsedAt revokedAt }`;
const listQuery = `query ($first: Int, $after: String) {
  apiKeys(first: $first, after: $after) {
    edges { node { id name scopes isCurrent lastUsedAt revokedAt } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const revokeMutation = `mutation ($id: ID!) {
  revokeApiKey(id: $id) { __typename ... on ApiKey { id revokedAt } ... on Error { code message } }
}`;

interface Key {
  id: string;
  name: string;
  scopes: string[];
  isCurrent: boolean;
  expiresAt: string | null;
  lastUsedAt: string | null;
  revokedAt: string | null;
}

interface Created {
  createApiKey: { __typename: string; secret: string; apiKey: Key; code?: string; field?: string };
}

interface Listed {
  apiKeys: { edges: { node: Key }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
}

interface Revoked {
  revokeApiKey: { __typename: string; revokedAt: string; code?: string };
}

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(() => app.stop());

const clientWith = (key: string): GraphqlClient => new GraphqlClient(app.url, key);

/** The only key of an account of its own. */
const newOwner = async (): Promise<GraphqlClient> =>
  clientWith(await app.createKey(["READ", "SEND", "ADMIN"], await app.createAccount()));

const create = async (client: GraphqlClient, input: object): Promise<Created["createApiKey"]> =>
  (await client.data<Created>(createMutation, { input })).createApiKey;

const list = async (client: GraphqlClient, variables = {}): Promise<Listed["apiKeys"]> =>
  (await client.data<Listed>(listQuery, variables)).apiKeys;

const revoke = async (client: GraphqlClient, id: string): Promise<Revoked["revokeApiKey"]> =>
  (await client.data<Revoked>(revokeMutation, { id })).revokeApiKey;

const currentId = async (client: GraphqlClient): Promise<string> =>
  (await list(client)).edges.find(({ node }) => node.isCurrent)?.node.id ?? "";

const refused = async (client: GraphqlClient, query: string, variables = {}): Promise<unknown[]> =>
  ((await client.send(query, variables)).errors ?? []).map(({ extensions }) => extensions?.code);

describe("createApiKey", () => {
  it("createApiKey makes a key that may do only what was granted", async () => {
    const owner = await newOwner();
    const { secret, apiKey } = await create(owner, { name: "reader", scopes: ["READ"] });
    expect(apiKey).toMatchObject({
      name: "reader",
      scopes: ["READ"],
      isCurrent: false,
      expiresAt: null,
      lastUsedAt: null,
      revokedAt: null,
    });
    const reader = clientWith(secret);
    expect(await reader.data("{ viewer { keyName scopes } }")).toEqual({
      viewer: { keyName: "reader", scopes: ["READ"] },
    });
    expect(await refused(reader, createMutation, { input: { name: "x", scopes: ["ADMIN"] } })).toEqual([
      "FORBIDDEN",
    ]);
    expect(await refused(reader, listQuery)).toEqual(["FORBIDDEN"]);
    expect(await refused(reader, revokeMutation, { id: apiKey.id })).toEqual(["FORBIDDEN"]);
    expect(await refused(reader, "query ($id: ID!) { node(id: $id) { id } }", { id: apiKey.id })).toEqual([
      "FORBIDDEN",
    ]);
  });

  it("createApiKey stores nothing from which the secret could be read", async () => {
    const { secret } = await create(await newOwner(), { name: "secret", scopes: ["SEND"] });
    const { rows } = await app.services.database.pool.query("select k::text as row from api_keys k");
    expect(rows.length).toBeGreaterThan(1);
    expect(JSON.stringify(rows)).not.toContain(secret.slice(3));
    expect(app.log.join("")).not.toContain(secret);
  });

  it.each([
    ["an empty name", { name: " ", scopes: ["READ"] }, "name"],
    ["a name that is too long", { name: "x".repeat(101), scopes: ["READ"] }, "name"],
    ["a name that cannot be stored", { name: "a\0b", scopes: ["READ"] }, "name"],
    ["no scope", { name: "x", scopes: [] }, "scopes"],
    [
      "an end in the past",
      { name: "x", scopes: ["READ"], expiresAt: "2020-01-01T00:00:00.000Z" },
      "expiresAt",
    ],
  ])("createApiKey refuses %s", async (_what, input, field) => {
    expect(await create(await newOwner(), input)).toMatchObject({ code: "INVALID_INPUT", field });
  });
});

describe("apiKeys", () => {
  it("apiKeys lists the keys of the account in pages, with their last use and without secrets", async () => {
    const owner = await newOwner();
    for (const name of ["first", "second"]) await create(owner, { name, scopes: ["READ"] });
    const page = await list(owner, { first: 2 });
    expect(page.edges.map(({ node }) => node.name)).toEqual(["second", "first"]);
    expect(page.pageInfo.hasNextPage).toBe(true);
    const rest = await list(owner, { first: 2, after: page.pageInfo.endCursor });
    expect(rest.edges).toMatchObject([{ node: { name: "test", isCurrent: true } }]);
    await expect
      .poll(async () => (await list(owner)).edges.at(-1)?.node.lastUsedAt)
      .toSatisfy((used) => Math.abs(Date.parse(String(used)) - Date.now()) < 60_000);
  });

  it("an API key is found by its id only in its own account", async () => {
    const owner = await newOwner();
    const id = await currentId(owner);
    const query = "query ($id: ID!) { node(id: $id) { ... on ApiKey { id name } } }";
    expect(await owner.data(query, { id })).toEqual({ node: { id, name: "test" } });
    expect(await (await newOwner()).data(query, { id })).toEqual({ node: null });
  });
});

describe("revokeApiKey", () => {
  it("revokeApiKey ends a key for good, and repeating it changes nothing", async () => {
    const owner = await newOwner();
    const { secret, apiKey } = await create(owner, { name: "old", scopes: ["READ"] });
    await clientWith(secret).data("{ viewer { keyName } }");
    const first = await revoke(owner, apiKey.id);
    expect(first).toMatchObject({ __typename: "ApiKey", id: apiKey.id, revokedAt: expect.any(String) });
    expect(await revoke(owner, apiKey.id)).toEqual(first);
    await expect
      .poll(() => refused(clientWith(secret), "{ viewer { keyName } }"))
      .toEqual(["UNAUTHENTICATED"]);
  });

  it("revokeApiKey refuses the account's last ADMIN key, but not when there is another", async () => {
    const owner = await newOwner();
    const id = await currentId(owner);
    await create(owner, { name: "no admin", scopes: ["READ", "SEND"] });
    const { apiKey: gone } = await create(owner, { name: "revoked admin", scopes: ["ADMIN"] });
    await revoke(owner, gone.id);
    expect(await revoke(owner, id)).toMatchObject({
      __typename: "LastAdminKeyError",
      code: "LAST_ADMIN_KEY",
    });
    const { secret } = await create(owner, { name: "new admin", scopes: ["ADMIN"] });
    expect(await revoke(owner, id)).toMatchObject({ __typename: "ApiKey" });
    expect(await revoke(clientWith(secret), await currentId(clientWith(secret)))).toMatchObject({
      code: "LAST_ADMIN_KEY",
    });
  });

  it("an ADMIN key that expires cannot revoke the last one that does not", async () => {
    const owner = await newOwner();
    const id = await currentId(owner);
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const { secret, apiKey: guest } = await create(owner, { name: "guest", scopes: ["ADMIN"], expiresAt });
    expect(await revoke(clientWith(secret), id)).toMatchObject({ code: "LAST_ADMIN_KEY" });
    expect(await revoke(owner, id)).toMatchObject({ code: "LAST_ADMIN_KEY" });
    await create(owner, { name: "lasting", scopes: ["ADMIN"] });
    expect(await revoke(clientWith(secret), id)).toMatchObject({ __typename: "ApiKey" });
    expect(await revoke(clientWith(secret), guest.id)).toMatchObject({ __typename: "ApiKey" });
  });

  it("an ADMIN key that is bound to addresses or restricted is not enough, unless it is in use", async () => {
    const owner = await newOwner();
    const id = await currentId(owner);
    await create(owner, { name: "elsewhere", scopes: ["ADMIN"], allowedAddresses: ["203.0.113.7"] });
    const restrictions = { countries: ["SK"] };
    await create(owner, { name: "restricted", scopes: ["ADMIN"], restrictions });
    expect(await revoke(owner, id)).toMatchObject({ code: "LAST_ADMIN_KEY" });
    const bound = { name: "here", scopes: ["ADMIN"], allowedAddresses: ["127.0.0.1"] };
    const { secret } = await create(owner, bound);
    expect(await revoke(owner, id)).toMatchObject({ code: "LAST_ADMIN_KEY" });
    expect(await revoke(clientWith(secret), id)).toMatchObject({ __typename: "ApiKey" });
  });

  it("one ADMIN key is left when all revoke each other at the same time", async () => {
    const owner = await newOwner();
    const keys = [await currentId(owner)];
    for (let count = 0; count < 3; count++)
      keys.push((await create(owner, { name: `admin ${count}`, scopes: ["ADMIN"] })).apiKey.id);
    const answers = await Promise.all(keys.map((id) => owner.send<Revoked>(revokeMutation, { id })));
    const refusals = answers.filter(({ data }) => data?.revokeApiKey.code === "LAST_ADMIN_KEY");
    expect(refusals.length).toBeLessThanOrEqual(1);
    const { rows } = await app.services.database.pool.query(
      "select count(*)::int from api_keys where revoked_at is null and 'ADMIN' = any(scopes) and id = any($1)",
      [keys.map((id) => Buffer.from(id, "base64").toString().split(":")[1])],
    );
    expect(rows).toEqual([{ count: 1 }]);
  });

  it("revokeApiKey does not find keys of other accounts or unknown keys", async () => {
    const owner = await newOwner();
    const foreign = await currentId(await newOwner());
    for (const id of [foreign, encodeId("ApiKey", randomUUIDv7())])
      expect(await revoke(owner, id)).toMatchObject({ code: "NOT_FOUND" });
    expect(await revoke(owner, encodeId("Message", randomUUIDv7()))).toMatchObject({ code: "INVALID_ID" });
  });
});
