import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { Scope } from "../../src/access/scopes.ts";
import { newKey } from "../../src/access/api-keys.ts";
import { scopes } from "../../src/access/scopes.ts";
import { storeKey } from "../../src/access/store-key.ts";
import type { RateLimits } from "../../src/access/rate-limits.ts";
import { startTestApp, type TestApp } from "../support/app.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { subscribeOverSse } from "../support/sse-client.ts";

const everyone = { requests: 1_000, cost: 100_000, sends: 1_000 };

let app: TestApp;
let other: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false, rateLimits: everyone });
  const { databaseUrl, secretKey } = app;
  other = await startTestApp({ runsWorker: false, rateLimits: everyone, databaseUrl, secretKey });
});

afterAll(async () => {
  await other.stop();
  await app.stop();
});

async function clientWith(limits: RateLimits, granted: readonly Scope[] = scopes): Promise<GraphqlClient> {
  const key = newKey();
  const accountId = await app.createAccount();
  await storeKey(app.services.database, key, { accountId, name: "limited", granted, limits });
  return new GraphqlClient(app.url, key);
}

async function post(client: GraphqlClient, body: object, url = app.url): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", ...client.headers },
    body: JSON.stringify(body),
  });
}

const whoAmI = { query: "{ viewer { keyName } }" };
const limited = (limit: string): object => ({
  extensions: { code: "TOO_MANY_REQUESTS", scope: "KEY", limit, retryAfterSeconds: expect.any(Number) },
});
/** Ten at once, and then one in ten seconds: no test lasts so long. */
const slow = { requests: 0.1 } as const;

function form(): FormData {
  const body = new FormData();
  body.set("operations", JSON.stringify(whoAmI));
  body.set("map", "{}");
  return body;
}

describe("requests over HTTP", () => {
  it("an answer says in RateLimit-Policy what its key may do, and in RateLimit what is left", async () => {
    const response = await post(await clientWith({ requests: 2, cost: 50 }), whoAmI);
    expect(response.headers.get("ratelimit-policy")).toBe(
      '"requests";q=20;w=10, "cost";q=500;w=10;qu="cost"',
    );
    expect(response.headers.get("ratelimit")).toBe('"requests";r=19;t=1, "cost";r=498;t=1');
  });

  it("a key that has used up its requests gets 429, Retry-After and a typed error, and other keys are not affected", async () => {
    const client = await clientWith(slow);
    expect((await post(client, whoAmI)).status).toBe(200);
    const refused = await post(client, whoAmI);
    expect(refused.status).toBe(429);
    const seconds = Number(refused.headers.get("retry-after"));
    expect(seconds).toBeGreaterThan(5);
    expect(refused.headers.get("ratelimit")).toMatch(/^"requests";r=0;t=\d+, "cost";r=\d+;t=\d+$/);
    expect(await refused.json()).toMatchObject({ errors: [limited("requests")] });
    expect((await post(app.client, whoAmI)).status).toBe(200);
  });

  it("a query that costs more than a key may ever have at once passes when nothing is used, and is paid for after it", async () => {
    const client = await clientWith({ cost: 1 });
    const query = "{ messages(first: 100) { edges { node { id } } } }";
    expect((await post(client, { query })).status).toBe(200);
    const refused = await post(client, whoAmI);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(100);
  });

  it("messages of one call count one by one, in the document and in the variables", async () => {
    const inline =
      'mutation { sendMessages(input: { messages: [{ to: "1", text: "a" }, { to: "2", text: "b" }] }) { __typename } }';
    const query = "mutation ($input: SendMessagesInput!) { sendMessages(input: $input) { __typename } }";
    const messages = Array.from({ length: 3 }, () => ({ to: "1", text: "Hello" }));
    const client = await clientWith({ sends: 1 });
    const left = async (body: object): Promise<string | null> =>
      (await post(client, body)).headers.get("ratelimit");
    expect(await left({ query: inline })).toMatch(/"sends";r=8;/);
    expect(await left({ query, variables: { input: { messages } } })).toMatch(/"sends";r=5;/);
    const many = await post(client, {
      query,
      variables: { input: { messages: [...messages, ...messages] } },
    });
    expect(await many.json()).toMatchObject({ errors: [limited("sends")] });
  });

  it("uploads and exports of a key are limited too", async () => {
    const client = await clientWith({ uploads: 1 / 60, requests: 0.1 });
    const upload = (): Promise<Response> =>
      fetch(`${app.url}/graphql`, { method: "POST", headers: client.headers, body: form() });
    expect((await upload()).status).toBe(200);
    const refused = await upload();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([
      429,
      expect.stringMatching(/^\d+$/),
    ]);
    expect(await refused.json()).toMatchObject({ errors: [limited("uploads")] });
    const exported = await fetch(`${app.url}/campaigns/x/messages.csv`, { headers: client.headers });
    expect([exported.status, await exported.json()]).toMatchObject([
      429,
      { errors: [{ extensions: { code: "TOO_MANY_REQUESTS" } }] },
    ]);
  });
});

describe("requests over streams and sockets", () => {
  const query = "subscription { messageEvents { __typename } }";

  it("a subscription over SSE and over WebSocket is refused with the same typed error", async () => {
    const client = await clientWith({ subscriptions: 0.1 });
    const first = client.subscribe(query);
    await first.next();
    expect(await client.subscribe(query).next()).toMatchObject({
      value: { errors: [limited("subscriptions")] },
    });
    const overSse = subscribeOverSse(client, { query }, "POST");
    expect(await overSse.next()).toMatchObject({ value: { errors: [limited("subscriptions")] } });
    await client.close();
  });

  it("a query over WebSocket is refused with the same typed error as over HTTP", async () => {
    const client = await clientWith(slow);
    const socket = client.socket();
    const ask = (): Promise<IteratorResult<unknown>> => socket.iterate(whoAmI).next();
    await ask();
    expect(await ask()).toMatchObject({ value: { errors: [limited("requests")] } });
    await client.close();
  });

  it("a key that opens too many sockets is told when to come back, with 4420, after which clients retry", async () => {
    const client = await clientWith({ sockets: 0.1 });
    const open = async (): Promise<WebSocket> => {
      const socket = new WebSocket(`${app.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
      await once(socket, "open");
      socket.send(JSON.stringify({ type: "connection_init", payload: client.headers }));
      return socket;
    };
    const first = await open();
    await once(first, "message");
    const [code, reason] = await once(await open(), "close");
    expect([code, String(reason)]).toEqual([4420, expect.stringMatching(/come back in \d+ s/)]);
    first.terminate();
  });
});

describe("who is told", () => {
  it("an operation that asks for its cost gets it, with what is left, over HTTP and WebSocket", async () => {
    const client = await clientWith({ requests: 2 });
    const asking = { ...whoAmI, extensions: { cost: true } };
    const cost = {
      operation: 2,
      limits: expect.arrayContaining([
        { kind: "requests", limit: 20, windowSeconds: 10, remaining: 19, resetSeconds: 1 },
      ]),
    };
    expect(await (await post(client, asking)).json()).toMatchObject({ extensions: { cost } });
    expect((await client.socket().iterate(asking).next()).value).toMatchObject({
      extensions: { cost: { operation: 2 } },
    });
    expect(await (await post(client, whoAmI)).json()).not.toHaveProperty("extensions");
    await client.close();
  });

  it("what a key used at one process is taken off at the others", async () => {
    const client = await clientWith({ requests: 0.2 });
    expect((await post(client, whoAmI)).status).toBe(200);
    expect((await post(client, whoAmI)).status).toBe(200);
    await expect
      .poll(() => post(client, whoAmI, other.url).then(({ status }) => status), { timeout: 20_000 })
      .toBe(429);
  });

  it("limits that an administrator sets hold within a second, and never exceed those of everyone", async () => {
    const client = await clientWith({});
    const { apiKeys } = await client.data<{ apiKeys: { edges: { node: { id: string } }[] } }>(
      "{ apiKeys { edges { node { id } } } }",
    );
    const id = apiKeys.edges[0]?.node.id;
    const set = `mutation ($id: ID!, $limits: ApiKeyLimitsInput!) {
      setApiKeyLimits(id: $id, limits: $limits) { ... on ApiKey { limits { requests cost } } ... on Error { code message } }
    }`;
    expect(await client.data(set, { id, limits: { requests: 3, cost: 1e8 } })).toEqual({
      setApiKeyLimits: { limits: { requests: 3, cost: 1e8 } },
    });
    const policy = async (): Promise<string | null> =>
      (await post(client, whoAmI)).headers.get("ratelimit-policy");
    await expect.poll(policy).toBe('"requests";q=30;w=10, "cost";q=1000000;w=10;qu="cost"');
    expect(await client.data(set, { id, limits: { requests: 0 } })).toMatchObject({
      setApiKeyLimits: { code: "INVALID_INPUT", message: expect.stringContaining("0.1 to 1000000000") },
    });
    expect(await client.data("{ viewer { rateLimits { kind limit } } }")).toEqual({
      viewer: {
        rateLimits: [
          { kind: "requests", limit: 30 },
          { kind: "cost", limit: 1_000_000 },
          { kind: "sends", limit: 10_000 },
        ],
      },
    });
  });
});
