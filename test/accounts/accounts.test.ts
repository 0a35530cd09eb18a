import { once } from "node:events";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Accounts } from "../../src/accounts/accounts.ts";
import { decodeId, encodeId } from "../../src/lib/global-id.ts";
import { addJobs } from "../../src/queue/jobs.ts";
import { callbackUrlOf, post, update } from "../support/callbacks.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { subscribeOverSse } from "../support/sse-client.ts";
import { startWebhookReceiver } from "../support/webhook-receiver.ts";
import { createWebhook } from "../support/webhooks.ts";

const operatorKey = "operator-key-of-the-test-0123456789";

let app: TestApp;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];
let operator: GraphqlClient;

beforeAll(async () => {
  app = await startTestApp({ operatorKey: `${operatorKey},another-key-that-replaces-it-soon-12` });
  ({ sandbox } = await connectTestSandbox(app));
  operator = new GraphqlClient(app.url, operatorKey);
});

afterAll(async () => {
  await app.client.close();
  await sandbox.close();
  await app.stop();
});

interface Changed {
  result: { __typename: string; id?: string; status?: string; code?: string; message?: string };
}

const change = async (name: string, id: string, others = ""): Promise<Changed["result"]> => {
  const document = `mutation ($id: ID!) {
    result: ${name}(id: $id${others}) { __typename ... on Account { id status } ... on Error { code message } }
  }`;
  return (await operator.data<Changed>(document, { id })).result;
};

const own = (): string => encodeId("Account", app.accountId);

async function send(client: GraphqlClient): Promise<string> {
  const { sendMessage } = await client.data<{ sendMessage: { id: string } }>(
    `mutation { sendMessage(input: { to: "+421901000000", text: "Hello" }) { ... on Message { id } ... on Error { message } } }`,
  );
  return sendMessage.id;
}

const statusOf = async (id: string): Promise<string | undefined> =>
  (await app.services.database.prisma.message.findUnique({ where: { id: decodeId("Message", id) } }))?.status;

describe("the operator", () => {
  it("the operator's keys see all accounts, and nothing that is in one", async () => {
    const query =
      "{ accounts(first: 100) { edges { node { id name status suspendedAt limits { requests } } } } }";
    for (const key of [operatorKey, "another-key-that-replaces-it-soon-12"]) {
      const { accounts } = await new GraphqlClient(app.url, key).data<{
        accounts: { edges: { node: { id: string } }[] };
      }>(query);
      expect(accounts.edges.map(({ node }) => node)).toContainEqual({
        id: own(),
        name: expect.any(String),
        status: "ACTIVE",
        suspendedAt: null,
        limits: { requests: null },
      });
    }
    for (const denied of [
      "{ messages { edges { cursor } } }",
      "{ providers { id } }",
      "{ apiKeys { edges { cursor } } }",
    ])
      expect(await operator.send(denied)).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN" } }] });
    expect(await operator.data("{ viewer { keyName scopes } }")).toEqual({
      viewer: { keyName: "operator", scopes: [] },
    });
  });

  it("a key of an account with all scopes is not the operator's, and cannot make one", async () => {
    for (const query of [
      "{ accounts { edges { cursor } } }",
      `mutation { createAccount(name: "Mine") { __typename } }`,
      `mutation { suspendAccount(id: "${own()}") { __typename } }`,
    ])
      expect(await app.client.send(query)).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN" } }] });
    expect(
      await app.client.send(
        `mutation { createApiKey(input: { name: "x", scopes: [OPERATOR] }) { __typename } }`,
      ),
    ).toMatchObject({ errors: [{ extensions: { code: "BAD_REQUEST" } }] });
    expect(await app.client.send(`{ node(id: "${own()}") { id } }`)).toMatchObject({ data: { node: null } });
  });

  it("an account is made with a first key that may do everything, and its name is taken", async () => {
    const create = `mutation { result: createAccount(name: "Made") {
      ... on CreatedAccount { firstKey account { name status } } ... on Error { code message }
    } }`;
    const { result } = await operator.data<{ result: { firstKey: string } }>(create);
    expect(result).toEqual({
      firstKey: expect.stringMatching(/^sg_/),
      account: { name: "Made", status: "ACTIVE" },
    });
    expect(
      await new GraphqlClient(app.url, result.firstKey).data("{ viewer { accountName scopes } }"),
    ).toEqual({
      viewer: { accountName: "Made", scopes: expect.arrayContaining(["READ", "SEND", "ADMIN"]) },
    });
    expect(await operator.data(create)).toMatchObject({ result: { code: "INVALID_INPUT" } });
  });

  it("what the operator asks of an account that there is not gets a typed error", async () => {
    const id = encodeId("Account", "0198a1b2-0000-7000-8000-000000000001");
    for (const name of ["suspendAccount", "resumeAccount"])
      expect(await change(name, id)).toMatchObject({
        code: "NOT_FOUND",
        message: expect.stringContaining("account"),
      });
    expect(await operator.data(`{ accountDeletion(id: "${id}") { step } }`)).toEqual({
      accountDeletion: null,
    });
  });
});

const part = (name: string, text: string): string =>
  `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`;

/** An upload whose file does not end. */
function beginUpload(key: string): { closed: Promise<unknown>; begun: Promise<unknown> } {
  const upload = request(`${app.url}/graphql`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "multipart/form-data; boundary=x" },
  });
  const query = `mutation ($file: Upload!) { createCampaign(input: { name: "C", text: "Hello", file: $file }) { __typename } }`;
  upload.write(part("operations", JSON.stringify({ query, variables: { file: null } })));
  upload.write(part("map", JSON.stringify({ 0: ["variables.file"] })));
  upload.write(
    `--x\r\ncontent-disposition: form-data; name="0"; filename="a.csv"\r\n\r\nphone\r\n+421901000000\r\n`,
  );
  const closed = new Promise((resolve) => upload.once("error", resolve).once("close", resolve));
  return { closed, begun: once(upload, "socket") };
}

describe("a suspended account", () => {
  it("a suspended account is refused everywhere, what it had open ends, and its queue and webhooks go on once it is resumed", async () => {
    const endpoint = await startWebhookReceiver();
    await createWebhook(app.client, { url: endpoint.url });
    const before = await send(app.client);
    await expect
      .poll(() =>
        endpoint.taken().some(({ message, status }) => message.id === before && status === "DELIVERED"),
      )
      .toBe(true);
    const socket = app.client.subscribe("subscription { messageEvents { __typename } }");
    await socket.next();
    const stream = subscribeOverSse(
      app.client,
      { query: "subscription { messageEvents { __typename } }" },
      "POST",
    );
    await stream.next();
    const upload = beginUpload(app.key);
    await upload.begun;
    const waiting = Array.fromAsync(socket).catch((error: unknown) => error);
    const ended = Array.fromAsync(stream);

    const stranger = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
    const other = await connectTestSandbox({ ...app, client: stranger });
    const later = new Date(Date.now() + 5_000).toISOString();
    const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
      `mutation { sendMessage(input: { to: "+421901000000", text: "Later", scheduledAt: "${later}" }) { ... on Message { id } } }`,
    );
    // A message of another account that is due at the same time shows that the queue had its turn.
    const { sendMessage: theirs } = await stranger.data<{ sendMessage: { id: string } }>(
      `mutation { sendMessage(input: { to: "+421901000000", text: "Later", scheduledAt: "${later}" }) { ... on Message { id } } }`,
    );
    const told = () => endpoint.taken().filter(({ message }) => message.id === sendMessage.id);
    await expect.poll(() => told().length).toBe(1);
    expect(await change("suspendAccount", own())).toMatchObject({ status: "SUSPENDED" });
    expect(await waiting).toMatchObject({ code: 4403 });
    expect((await ended).at(-1)).toMatchObject({ errors: [{ extensions: { code: "UNAUTHENTICATED" } }] });
    await upload.closed;
    expect(await app.client.send("{ viewer { keyName } }")).toMatchObject({
      errors: [{ extensions: { code: "UNAUTHENTICATED" }, message: expect.stringContaining("suspended") }],
    });
    const exported = await fetch(`${app.url}/campaigns/x/messages.csv`, { headers: app.client.headers });
    expect(exported.status).toBe(401);

    await expect.poll(() => statusOf(theirs.id)).toBe("DELIVERED");
    await new Promise((done) => setTimeout(done, 1_000));
    expect(await statusOf(sendMessage.id)).toBe("SCHEDULED");
    expect(told()).toHaveLength(1);

    expect(await change("resumeAccount", own())).toMatchObject({ status: "ACTIVE" });
    await expect.poll(() => statusOf(sendMessage.id)).toBe("DELIVERED");
    await expect.poll(() => told().some(({ status }) => status === "DELIVERED")).toBe(true);
    await other.sandbox.close();
    await endpoint.close();
  });

  it("the campaign of a suspended account stops, and is completed once it is resumed", async () => {
    const { createCampaign } = await app.client.data<{ createCampaign: { id: string } }>(
      `mutation ($recipients: [CampaignRecipientInput!]!) {
        createCampaign(input: { name: "C", text: "Hello", recipients: $recipients, messagesPerSecond: 20 }) {
          ... on Campaign { id } ... on Error { message }
        }
      }`,
      {
        recipients: Array.from({ length: 60 }, (_, n) => ({
          to: `+4219011${String(n).padStart(2, "0")}000`,
        })),
      },
    );
    const campaignId = decodeId("Campaign", createCampaign.id);
    const submitted = (): Promise<number> =>
      app.services.database.prisma.message.count({ where: { campaignId, submittedAt: { not: null } } });
    await expect.poll(submitted).toBeGreaterThan(0);
    await change("suspendAccount", own());
    // What was claimed before ends as usual.
    let [last, now] = [-1, await submitted()];
    while (last !== now) {
      await new Promise((done) => setTimeout(done, 600));
      [last, now] = [now, await submitted()];
    }
    expect(now).toBeLessThan(60);
    await change("resumeAccount", own());
    await expect.poll(submitted).toBe(60);
  });
});

/** Every table, and in how many of its rows one of the words is found. */
async function rowsWith(words: readonly string[]): Promise<Record<string, number>> {
  const { pool } = app.services.database;
  const { rows } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'graphile_worker')`,
  );
  const found: Record<string, number> = {};
  for (const { name } of rows) {
    const counted = await pool.query<{ count: number }>(
      `select count(*)::int as count from ${name} as t where t::text ~ $1`,
      [words.join("|")],
    );
    if (counted.rows[0]?.count) found[name] = counted.rows[0].count;
  }
  return found;
}

describe("deleting an account", () => {
  it("a deleted account leaves nothing in any table but its totals and its audit log", async () => {
    const accountId = await app.createAccount();
    const client = new GraphqlClient(app.url, await app.createKey(undefined, accountId));
    const connected = await connectTestSandbox({ ...app, client });
    const id = await send(client);
    await expect.poll(() => statusOf(id)).toBe("DELIVERED");
    await client.data(
      `mutation ($at: DateTime!, $provider: ID!) {
        sendMessage(input: { to: "+421901000001", text: "Later", scheduledAt: $at, idempotencyKey: "k" }) { __typename }
        createCampaign(input: { name: "C", text: "Hello", scheduledAt: $at, recipients: [{ to: "+421901000002" }, { to: "1" }] }) { __typename }
        createWebhook(input: { name: "W", url: "http://127.0.0.1:9/hook" }) { __typename }
        setSpendingLimits(input: { caps: [{ amount: "100", currency: "EUR", period: DAY }], allowUncounted: true }) { __typename }
        setRoutingPolicies(policies: [{ routes: [{ providerId: $provider }] }]) { __typename }
      }`,
      { at: new Date(Date.now() + 86_400_000).toISOString(), provider: connected.providerId },
    );
    const providerId = decodeId("Provider", connected.providerId);
    const asking = {
      task: "refresh-rates",
      payload: { providerId },
      key: `refresh-rates ${providerId}`,
    } as const;
    await addJobs(app.services.database, [{ ...asking, delayMs: 86_400_000 }]);
    const words = [accountId, providerId, decodeId("Message", id)];
    expect(Object.keys(await rowsWith(words)).length).toBeGreaterThan(8);

    const globalId = encodeId("Account", accountId);
    const remove = (name: string) =>
      operator.data<{ result: { code?: string } }>(
        `mutation ($id: ID!, $name: String!) {
          result: deleteAccount(id: $id, name: $name) { ... on AccountDeletion { accountId finishedAt } ... on Error { code } }
        }`,
        { id: globalId, name },
      );
    expect(await remove("Another")).toEqual({ result: { code: "INVALID_INPUT" } });
    expect(await remove(`Account ${accountId}`)).toEqual({
      result: { accountId: globalId, finishedAt: null },
    });
    expect(await change("resumeAccount", globalId)).toMatchObject({
      code: expect.stringMatching(/ACCOUNT_DELETING|NOT_FOUND/),
    });
    const progress = (): Promise<{ accountDeletion: { finishedAt: string | null; deletedRows: number } }> =>
      operator.data(`{ accountDeletion(id: "${globalId}") { finishedAt deletedRows } }`);
    await expect.poll(async () => (await progress()).accountDeletion.finishedAt).not.toBeNull();
    expect((await progress()).accountDeletion.deletedRows).toBeGreaterThan(10);
    // The audit log is append-only, and has a retention of its own.
    const { "public.audit_log": _kept, ...left } = await rowsWith(words);
    expect(left).toEqual({
      "public.account_deletions": 1,
      "public.deleted_account_totals": 1,
    });
    const totals = await app.services.database.prisma.deletedAccountTotal.findMany({ where: { accountId } });
    expect(totals).toMatchObject([{ messages: 1n, segments: 1n, country: "SK" }]);
    expect(await client.send("{ viewer { keyName } }")).toMatchObject({
      errors: [{ extensions: { code: "UNAUTHENTICATED" } }],
    });
    await connected.sandbox.close();
  });

  it("from then on nobody takes callbacks of its providers", async () => {
    const accountId = await app.createAccount();
    const client = new GraphqlClient(app.url, await app.createKey(undefined, accountId));
    const connected = await connectTestSandbox({ ...app, client });
    const url = await callbackUrlOf({ ...app, client }, connected.providerId);
    const receipt = update({ message_id: "unknown", status: "DELIVRD" });
    expect((await post(url, receipt)).status).toBe(200);
    await new Accounts(app.services.database, false).delete(accountId);
    await expect.poll(async () => (await post(url, receipt)).status).toBe(404);
    const deletion = () => app.services.database.prisma.accountDeletion.findUnique({ where: { accountId } });
    await expect.poll(async () => (await deletion())?.finishedAt ?? null).not.toBeNull();
    expect((await post(url, receipt)).status).toBe(404);
    const { "public.audit_log": _kept, ...left } = await rowsWith([
      decodeId("Provider", connected.providerId),
    ]);
    expect(left).toEqual({});
    await connected.sandbox.close();
  });

  it("where totals are not to be kept, they are not", async () => {
    const { database } = app.services;
    const accountId = await app.createAccount();
    const client = new GraphqlClient(app.url, await app.createKey(undefined, accountId));
    const connected = await connectTestSandbox({ ...app, client });
    const id = await send(client);
    await expect.poll(() => statusOf(id)).toBe("DELIVERED");
    await new Accounts(database, false).delete(accountId);
    const deletion = () => database.prisma.accountDeletion.findUnique({ where: { accountId } });
    await expect.poll(async () => (await deletion())?.finishedAt ?? null).not.toBeNull();
    const { "public.audit_log": _kept, ...left } = await rowsWith([accountId, decodeId("Message", id)]);
    expect(left).toEqual({ "public.account_deletions": 1 });
    await connected.sandbox.close();
  });

  it("every table with a column for the account is deleted from", async () => {
    const { rows } = await app.services.database.pool.query<{ name: string }>(
      `select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'account_id'`,
    );
    const { readFile } = await import("node:fs/promises");
    const steps = await readFile("src/accounts/deletion-steps.ts", "utf8");
    const kept = ["account_deletions", "deleted_account_totals"];
    expect(
      rows
        .map(({ name }) => name)
        .filter((name) => !kept.includes(name) && !new RegExp(`\\b${name}\\b`).test(steps)),
    ).toEqual([]);
  });
});
