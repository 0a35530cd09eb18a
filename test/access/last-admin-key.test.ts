import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeId } from "../../src/lib/global-id.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { countWaiting } from "../support/database.ts";
import { GraphqlClient } from "../support/graphql-client.ts";

interface Answer {
  __typename: string;
  code?: string;
}

interface Key {
  id: string;
  secret: string;
}

let app: TestApp;
let other: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  const { databaseUrl, secretKey } = app;
  other = await startTestApp({ databaseUrl, secretKey, runsWorker: false });
});

afterAll(async () => {
  await other.stop();
  await app.stop();
});

const clientWith = (secret: string, { url }: TestApp = app): GraphqlClient => new GraphqlClient(url, secret);

/** The only key of an account of its own. */
async function newOwner(): Promise<Key> {
  const secret = await app.createKey(["READ", "SEND", "ADMIN"], await app.createAccount());
  const { apiKeys } = await clientWith(secret).data<{ apiKeys: { nodes: { node: { id: string } }[] } }>(
    "{ apiKeys { nodes: edges { node { id } } } }",
  );
  return { id: apiKeys.nodes[0]?.node.id ?? "", secret };
}

async function create(by: Key, input: object = {}): Promise<Key> {
  const { createApiKey } = await clientWith(by.secret).data<{
    createApiKey: { secret: string; apiKey: { id: string } };
  }>(
    `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { ... on CreatedApiKey { secret apiKey { id } } } }`,
    { input: { name: "another", scopes: ["READ", "ADMIN"], ...input } },
  );
  return { id: createApiKey.apiKey.id, secret: createApiKey.secret };
}

const answered = "__typename ... on Error { code message }";

const restrict = async (
  by: Key,
  { id }: Key,
  restrictions: object = { countries: ["AQ"] },
  at = app,
): Promise<Answer> =>
  (
    await clientWith(by.secret, at).data<{ answer: Answer }>(
      `mutation ($id: ID!, $restrictions: KeyRestrictionsInput!) {
        answer: setApiKeyRestrictions(id: $id, restrictions: $restrictions) { ${answered} } }`,
      { id, restrictions },
    )
  ).answer;

const revoke = async (by: Key, { id }: Key, at = app): Promise<Answer> =>
  (
    await clientWith(by.secret, at).data<{ answer: Answer }>(
      `mutation ($id: ID!) { answer: revokeApiKey(id: $id) { ${answered} } }`,
      { id },
    )
  ).answer;

const rotate = async (by: Key, { id }: Key, overlapHours = 1): Promise<Key> => {
  const { answer } = await clientWith(by.secret).data<{ answer: { secret: string; apiKey: { id: string } } }>(
    `mutation ($id: ID!, $hours: Int!) {
      answer: rotateApiKey(id: $id, overlapHours: $hours) { ... on CreatedApiKey { secret apiKey { id } } } }`,
    { id, hours: overlapHours },
  );
  return { id: answer.apiKey.id, secret: answer.secret };
};

const isLast = { __typename: "LastAdminKeyError", code: "LAST_ADMIN_KEY" };
const isDone = { __typename: "ApiKey" };
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

describe("the last unrestricted ADMIN key", () => {
  it("is not restricted, by itself or by one that ends", async () => {
    const owner = await newOwner();
    const guest = await create(owner, { expiresAt: inAnHour() });
    expect(await restrict(owner, owner, { countries: ["AQ"], senders: ["x"] })).toMatchObject(isLast);
    expect(await restrict(guest, owner)).toMatchObject(isLast);
    expect(await restrict(owner, owner, {})).toMatchObject(isDone);
    await create(owner);
    expect(await restrict(guest, owner)).toMatchObject(isDone);
  });

  it("is the last one beside those that are restricted, also when it opens from some addresses alone", async () => {
    const owner = await newOwner();
    await create(owner, { restrictions: { countries: ["SK"] } });
    const bound = await create(owner, { allowedAddresses: ["127.0.0.1"] });
    expect(await restrict(owner, owner)).toMatchObject(isLast);
    expect(await revoke(bound, owner)).toMatchObject(isDone);
    expect(await restrict(bound, bound)).toMatchObject(isLast);
    expect(await revoke(bound, bound)).toMatchObject(isLast);
  });

  it("passes on to its successor when it is rotated", async () => {
    const owner = await newOwner();
    const successor = await rotate(owner, owner);
    expect(await restrict(owner, successor)).toMatchObject(isLast);
    expect(await revoke(owner, successor)).toMatchObject(isLast);
    expect(await restrict(successor, owner)).toMatchObject(isDone);
  });

  it("may be restricted otherwise when it is restricted already, and a key without ADMIN in any way", async () => {
    const owner = await newOwner();
    const reader = await create(owner, { scopes: ["READ", "KEYS"] });
    const till = await create(owner, { restrictions: { countries: ["SK"] } });
    expect(await restrict(owner, reader)).toMatchObject(isDone);
    expect(await restrict(owner, till, { countries: ["CZ"] })).toMatchObject(isDone);
  });
});

/** Both changes have been checked, or wait to be, before either is made. */
async function sideBySide(keys: readonly Key[], changes: () => Promise<Answer>[]): Promise<Answer[]> {
  const ids = keys.map(({ id }) => decodeId("ApiKey", id));
  const holder = new Client({ connectionString: app.databaseUrl });
  await holder.connect();
  try {
    await holder.query("begin");
    await holder.query("select id from api_keys where id = any ($1::uuid[]) for update", [ids]);
    const answers = Promise.all(changes());
    await expect.poll(() => countWaiting(app.databaseUrl)).toBe(2);
    await holder.query("commit");
    const given = await answers;
    const { rows } = await holder.query<{ count: number }>(free, [ids]);
    expect(rows[0]?.count).toBe(1);
    return given;
  } finally {
    await holder.end();
  }
}

const free = `
  select count(*)::int as count from api_keys
  where id = any ($1::uuid[]) and revoked_at is null and expires_at is null and restrictions is null`;

const codes = (answers: readonly Answer[]) => answers.map(({ code }) => code ?? "done").toSorted();
const once = ["LAST_ADMIN_KEY", "done"];

describe("two ADMIN keys in two processes at the same time", () => {
  it("of two that restrict each other, one stays as it is", async () => {
    const one = await newOwner();
    const two = await create(one);
    const answers = await sideBySide([one, two], () => [
      restrict(one, two),
      restrict(two, one, { countries: ["AQ"] }, other),
    ]);
    expect(codes(answers)).toEqual(once);
  });

  it("of two that revoke each other, one stays as it is", async () => {
    const one = await newOwner();
    const two = await create(one);
    const answers = await sideBySide([one, two], () => [revoke(one, two), revoke(two, one, other)]);
    expect(codes(answers)).toEqual(once);
  });

  it("of two of which one revokes and the other restricts, one stays as it is", async () => {
    const one = await newOwner();
    const two = await create(one);
    const answers = await sideBySide([one, two], () => [
      revoke(one, two),
      restrict(two, one, { countries: ["AQ"] }, other),
    ]);
    expect(codes(answers)).toEqual(once);
  });
});
