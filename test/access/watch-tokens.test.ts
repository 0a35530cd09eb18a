import { randomBytes, randomUUIDv7 } from "node:crypto";
import { getNamedType, isLeafType, type GraphQLField, type GraphQLObjectType } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WatchTokens } from "../../src/access/watch-tokens.ts";
import { decodeId, encodeId } from "../../src/lib/global-id.ts";
import { schema } from "../../src/graphql/schema/schema.ts";
import { connectTestSandbox, startTestApp, type TestApp } from "../support/app.ts";
import { storeCampaign } from "../support/stored-campaigns.ts";
import { GraphqlClient, type GraphqlError } from "../support/graphql-client.ts";
import { selectAll, walkSchema, type Step } from "../support/schema-walk.ts";
import { subscribeOverSse } from "../support/sse-client.ts";

const tokenMutation = `mutation ($input: CreateWatchTokenInput!) {
  createWatchToken(input: $input) {
    __typename ... on WatchToken { token expiresAt } ... on Error { code message }
  }
}`;

interface Created {
  createWatchToken: { __typename: string; token: string; expiresAt: string; code?: string; message?: string };
}

let app: TestApp;
let other: TestApp;
let sandbox: Awaited<ReturnType<typeof connectTestSandbox>>["sandbox"];
let providerId: string;
let messageId: string;
let strangerId: string;
let campaignId: string;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  const { databaseUrl, secretKey } = app;
  other = await startTestApp({ databaseUrl, secretKey, runsWorker: false });
  ({ sandbox, providerId } = await connectTestSandbox(app));
  messageId = await send("Yours to see");
  strangerId = await send("CANARY text");
  campaignId = await plant();
});

afterAll(async () => {
  for (const { client } of [app, other]) await client.close();
  await sandbox.close();
  await other.stop();
  await app.stop();
});

async function send(text: string): Promise<string> {
  const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
    `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } } }`,
    { input: { to: "+421901000000", text, clientRef: text } },
  );
  return sendMessage.id;
}

/** Around the message: a campaign it belongs to, a balance and a rate of its provider, all with words to look for. */
async function plant(): Promise<string> {
  const { prisma } = app.services.database;
  const { accountId } = app;
  const provider = { accountId, providerId: decodeId("Provider", providerId) };
  const { campaignId: stored, id } = await storeCampaign(app, [], [], { name: "CANARY campaign" });
  await prisma.message.update({
    where: { id: decodeId("Message", messageId) },
    data: { campaignId: stored },
  });
  await prisma.balance.create({
    data: { ...provider, id: randomUUIDv7(), amount: "987654", currency: "EUR", fetchedAt: new Date() },
  });
  return id;
}

const createToken = async (input: object, client = app.client): Promise<Created["createWatchToken"]> =>
  (await client.data<Created>(tokenMutation, { input })).createWatchToken;

const watcher = async (input: object, url = app.url): Promise<GraphqlClient> =>
  new GraphqlClient(url, (await createToken(input)).token);

const codesOf = (errors: GraphqlError[] | undefined): unknown[] =>
  (errors ?? []).map(({ extensions }) => extensions?.code);

const readMessage = "query ($id: ID!) { message(id: $id) { text provider { name kind } } }";
const watchMessage = "subscription ($id: ID!) { messageChanged(id: $id) { text } }";
const watchEvents = `subscription ($filter: MessageEventFilter) {
  messageEvents(filter: $filter) { __typename }
}`;

describe("making a watch token", () => {
  it("a watch token lasts fifteen minutes by default", async () => {
    const { expiresAt } = await createToken({ messageId });
    // By the database's clock, which a process knows as exactly as an answer is quick.
    expect(Math.round((Date.parse(expiresAt) - Date.now()) / 60_000)).toBe(15);
  });

  it("a watch token ends with its key at the latest", async () => {
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const { createApiKey } = await app.client.data<{ createApiKey: { secret: string } }>(
      `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { ... on CreatedApiKey { secret } } }`,
      { input: { name: "short", scopes: ["READ"], expiresAt } },
    );
    const client = new GraphqlClient(app.url, createApiKey.secret);
    expect(await createToken({ messageId }, client)).toMatchObject({ expiresAt });
  });

  it.each([
    ["nothing", {}, "INVALID_INPUT"],
    ["two things", { messageId: "x", campaignId: "y" }, "INVALID_INPUT"],
    ["no time", { messageId: "x", expiresInSeconds: 0 }, "INVALID_INPUT"],
    ["more than a day", { messageId: "x", expiresInSeconds: 86_401 }, "INVALID_INPUT"],
    ["what is not an id", { messageId: "x" }, "INVALID_ID"],
    ["a message that is not there", { messageId: encodeId("Message", randomUUIDv7()) }, "NOT_FOUND"],
    ["a campaign that is not there", { campaignId: encodeId("Campaign", randomUUIDv7()) }, "NOT_FOUND"],
  ])("createWatchToken refuses %s", async (_what, input, code) => {
    expect(await createToken(input)).toMatchObject({ code });
  });

  it("a watch token cannot be made for another account's objects", async () => {
    const client = new GraphqlClient(app.url, other.key);
    expect(await createToken({ messageId }, client)).toMatchObject({ code: "NOT_FOUND" });
  });

  it("making a watch token needs the READ scope, because it passes that on", async () => {
    const client = new GraphqlClient(app.url, await app.createKey(["SEND", "KEYS"]));
    const { errors } = await client.send(tokenMutation, { input: { messageId } });
    expect(codesOf(errors)).toEqual(["FORBIDDEN"]);
  });
});

describe("a watch token for a message", () => {
  it("a watch token reads and watches its message in every process", async () => {
    const client = await watcher({ messageId }, other.url);
    expect(await client.data(readMessage, { id: messageId })).toEqual({
      message: { text: "Yours to see", provider: { name: "Sandbox", kind: "TIKOSMS" } },
    });
    expect((await client.subscribe(watchMessage, { id: messageId }).next()).value).toEqual({
      data: { messageChanged: { text: "Yours to see" } },
    });
    const filter = { messageIds: [messageId], status: ["DELIVERED"] };
    expect((await client.subscribe(watchEvents, { filter }).next()).value).toEqual({
      data: { messageEvents: { __typename: "CaughtUp" } },
    });
    await client.close();
  });

  it.each(["GET", "POST"] as const)(
    "a watch token watches its message over SSE with %s and a header",
    async (method) => {
      const client = await watcher({ messageId });
      const stream = subscribeOverSse(client, { query: watchMessage, variables: { id: messageId } }, method);
      expect((await stream.next()).value).toEqual({ data: { messageChanged: { text: "Yours to see" } } });
      await stream.return(undefined);
    },
  );

  it.each<[string, string, () => object]>([
    ["another message", "query ($id: ID!) { message(id: $id) { id } }", () => ({ id: strangerId })],
    ["its clientRef", 'query { message(clientRef: "Yours to see") { id } }', () => ({})],
    ["another node", "query ($id: ID!) { node(id: $id) { id } }", () => ({ id: strangerId })],
    ["its provider", "query ($id: ID!) { node(id: $id) { id } }", () => ({ id: providerId })],
    ["its campaign", "query ($id: ID!) { node(id: $id) { id } }", () => ({ id: campaignId })],
    [
      "nodes beside it",
      "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
      () => ({ ids: [messageId, strangerId] }),
    ],
    ["another stream", watchMessage, () => ({ id: strangerId })],
    ["all events", watchEvents, () => ({})],
    ["events of no message", watchEvents, () => ({ filter: { messageIds: [] } })],
    ["events of the provider", watchEvents, () => ({ filter: { providerId } })],
    ["events beside its own", watchEvents, () => ({ filter: { messageIds: [messageId, strangerId] } })],
    [
      "another message by a variable's default",
      `query ($id: ID = "${encodeId("Message", randomUUIDv7())}") { message(id: $id) { id } }`,
      () => ({}),
    ],
    [
      "what a fragment hides",
      `query ($id: ID!) { message(id: $id) { ...Part } } fragment Part on Message { provider { ...Rest } }
       fragment Rest on Provider { balance { units } }`,
      () => ({ id: messageId }),
    ],
    [
      "a second operation",
      "query ($id: ID!) { message(id: $id) { id } other: messages { edges { node { id } } } }",
      () => ({ id: messageId }),
    ],
  ])("a watch token is refused %s", async (_what, query, variables) => {
    const client = await watcher({ messageId });
    const result = await client.subscribe(query, { ...variables() }).next();
    expect(result.value).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN" } }] });
    expect(result.value.data ?? null).toBeNull();
    await client.close();
  });

  it("a forbidden operation of a watch token is explained over HTTP and returns no data", async () => {
    const client = await watcher({ messageId });
    const query = "query ($id: ID!) { message(id: $id) { text provider { callbackUrl } } }";
    const { data, errors } = await client.send(query, { id: messageId });
    expect(data ?? null).toBeNull();
    expect(errors).toMatchObject([
      { message: expect.stringContaining("Provider.callbackUrl"), extensions: { code: "FORBIDDEN" } },
    ]);
  });
});

const fieldsOf = (type: string): object => (schema.getType(type) as GraphQLObjectType).getFields();

const isInSchema = (name: string): boolean => {
  const [type = "", field = ""] = name.split(".");
  return Object.hasOwn(fieldsOf(type), field);
};

const canFilterByCampaign = isInSchema("MessageEventFilter.campaignId");

/** Without a filter by campaign there is no way to ask for the events of one. */
const isAnswered = (name: string): boolean =>
  isInSchema(name) && (name !== "Subscription.messageEvents" || canFilterByCampaign);

const campaignFilter = (id: string): string | undefined =>
  canFilterByCampaign ? `{ campaignId: ${id} }` : undefined;

describe("a watch token for a campaign", () => {
  const readCampaign = `query ($id: ID!) {
    campaign(id: $id) { name counts { total } messages(first: 5) { edges { node { text campaign { id } } } } }
  }`;

  it("a watch token reads and watches its campaign with its messages", async () => {
    const client = await watcher({ campaignId }, other.url);
    expect(await client.data(readCampaign, { id: campaignId })).toMatchObject({
      campaign: {
        name: "CANARY campaign",
        messages: { edges: [{ node: { text: "Yours to see", campaign: { id: campaignId } } }] },
      },
    });
    const query = "subscription ($id: ID!) { campaignProgress(id: $id) { name } }";
    expect((await client.subscribe(query, { id: campaignId }).next()).value).toEqual({
      data: { campaignProgress: { name: "CANARY campaign" } },
    });
    await client.close();
  });

  it("a watch token cannot export its campaign", async () => {
    const { headers } = await watcher({ campaignId });
    const id = decodeId("Campaign", campaignId);
    for (const path of [campaignId, id]) {
      const response = await fetch(`${app.url}/campaigns/${path}/messages.csv`, { headers });
      expect([response.status, await response.text()]).toEqual([403, expect.stringContaining("FORBIDDEN")]);
    }
  });

  it.each<[string, string, () => object]>([
    ["another campaign", readCampaign, () => ({ id: encodeId("Campaign", randomUUIDv7()) })],
    ["all campaigns", "{ campaigns { edges { node { id } } } }", () => ({})],
    ["a message outside of it", "query ($id: ID!) { node(id: $id) { id } }", () => ({ id: strangerId })],
    [
      "to cancel it",
      "mutation ($id: ID!) { cancelCampaign(id: $id) { __typename } }",
      () => ({ id: campaignId }),
    ],
  ])("a watch token is refused %s", async (_what, query, variables) => {
    const client = await watcher({ campaignId });
    const { data, errors } = await client.send(query, { ...variables() });
    expect(data ?? null).toBeNull();
    expect(codesOf(errors)).toEqual(["FORBIDDEN"]);
  });
});

/** What of the schema belongs to the target, and the fields that may be seen of what it leads to. */
const ownTypes = {
  Message:
    /^(Message|MessageFailure|Money|MessageEvent(Connection|Edge|Batch)?|CaughtUp|StreamReset|PageInfo)$/,
  Campaign:
    /^(Campaign(Counts|OfProvider)?|SendWindow|Message|Message(Connection|Edge|Failure)|Money|MessageEvent(Connection|Edge|Batch)?|CaughtUp|StreamReset|PageInfo|RefusedRecipient(Connection|Edge)?)$/,
};
const entries = {
  Message: [
    "Query.message",
    "Query.node",
    "Query.nodes",
    "Subscription.messageChanged",
    "Subscription.messageEvents",
  ],
  Campaign: [
    "Query.campaign",
    "Query.node",
    "Query.nodes",
    "Subscription.campaignProgress",
    "Subscription.messageEvents",
  ],
};
const shownOfProvider = ["Provider.id", "Provider.kind", "Provider.name"];

describe.each(["Message", "Campaign"] as const)("the whole schema, from a token for a %s", (kind) => {
  const ownId = (): string => (kind === "Message" ? messageId : campaignId);
  const isOwn = (type: string, field: string): boolean =>
    ownTypes[kind].test(type) || [...shownOfProvider, ...entries[kind]].includes(`${type}.${field}`);

  const choose = (field: string, argument: string): string | undefined => {
    const own = JSON.stringify(ownId());
    if (argument === "id") return own;
    if (argument === "ids") return `[${own}]`;
    if (field !== "messageEvents" || argument !== "filter") return undefined;
    return kind === "Message" ? `{ messageIds: [${own}] }` : campaignFilter(own);
  };

  it("a watch token allows no field beyond its target, however it is reached", async () => {
    const client = await watcher(kind === "Message" ? { messageId } : { campaignId });
    const socket = client.socket();
    const readable: string[] = [];
    // A file cannot be written into a document.
    const steps = walkSchema(schema, choose, entries[kind].filter(isInSchema)).filter(
      ({ document }) => !document.includes("readCampaignFile"),
    );
    expect(steps.length).toBeGreaterThan(200);
    const ask = async ({ type, field, document }: Step): Promise<void> => {
      const [result] = await Array.fromAsync(take(socket.iterate({ query: document })));
      const codes = codesOf(result?.errors as GraphqlError[] | undefined);
      expect(codes, document).not.toContain("BAD_REQUEST");
      // What is refused is refused as a whole.
      const isRefused = codes.includes("FORBIDDEN") && result?.data == null;
      if (!isRefused) readable.push(`${type}.${field}`);
    };
    while (steps.length > 0) await Promise.all(steps.splice(0, 100).map(ask));
    await client.close();
    const awaited = kind === "Message" ? ["Message.text", ...shownOfProvider] : ["Campaign.name"];
    expect(readable).toEqual(expect.arrayContaining([...awaited, ...entries[kind].filter(isAnswered)]));
    expect(readable.filter((name) => !isOwn(...(name.split(".") as [string, string])))).toEqual([]);
  });

  it("a watch token that selects everything allowed sees nothing of other objects", async () => {
    const client = await watcher(kind === "Message" ? { messageId } : { campaignId });
    const isWanted = (type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): boolean => {
      const result = getNamedType(field.type);
      const leads = isLeafType(result) || ownTypes[kind].test(result.name) || result.name === "Provider";
      return isOwn(type.name, field.name) && leads;
    };
    const type = schema.getType(kind);
    if (!type) throw new Error(`there is no ${kind}`);
    const query = `query ($id: ID!) { node(id: $id) { ...All } } fragment All on ${kind} { ${selectAll(schema, type, isWanted, 4)} }`;
    const { data, errors } = await client.send(query, { id: ownId() });
    expect(errors).toBeUndefined();
    const text = JSON.stringify(data);
    // The campaign is not part of its message.
    const strange = kind === "Message" ? [campaignId, "CANARY"] : [];
    expect(text).toContain(kind === "Message" ? "Yours to see" : "CANARY campaign");
    for (const secret of [...strange, strangerId, "987654", "callbacks/", "CANARY text"])
      expect(text).not.toContain(secret);
  });
});

/** The first result of an operation. */
async function* take<Value>(values: AsyncIterableIterator<Value>): AsyncGenerator<Value> {
  for await (const value of values) {
    yield value;
    return;
  }
}

/** The address as an `EventSource` asks for it: with the token in it, and no header of its own. */
const openWith = (token: string, accept = "text/event-stream"): Promise<Response> => {
  const url = new URL("/graphql", app.url);
  url.searchParams.set("query", "query ($id: ID!) { message(id: $id) { text } }");
  url.searchParams.set("variables", JSON.stringify({ id: messageId }));
  url.searchParams.set("token", token);
  return fetch(url, { headers: { accept } });
};

describe("a token in the address", () => {
  it("a watch token in the URL serves an EventSource", async () => {
    const { token } = await createToken({ messageId });
    const response = await openWith(token);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("Yours to see");
  });

  it("an API key in the URL is refused", async () => {
    const response = await openWith(app.key);
    expect(response.status).toBe(401);
    expect(await response.text()).toContain("UNAUTHENTICATED");
  });

  it("a token in the URL is ignored except for an event stream", async () => {
    const { token } = await createToken({ messageId });
    expect(await (await openWith(token, "application/json")).text()).toContain("UNAUTHENTICATED");
  });

  it("tokens and keys never appear in the log, whatever goes wrong", async () => {
    const { token } = await createToken({ messageId });
    const wrong = [`${token}x`, `sg_${randomBytes(24).toString("base64url")}`];
    for (const credential of wrong) {
      await (await openWith(credential)).text();
      const client = new GraphqlClient(app.url, credential);
      await client.send("{ viewer { keyName } }");
      await expect(client.subscribe(watchMessage, { id: messageId }).next()).rejects.toMatchObject({
        code: 4403,
      });
    }
    await (await openWith(token)).text();
    for (const secret of [...wrong, token, app.key]) expect(app.log.join("")).not.toContain(secret);
  });
});

describe("the signature", () => {
  const tokens = new WatchTokens(randomBytes(32));
  const claims = {
    tokenId: randomUUIDv7(),
    keyId: randomUUIDv7(),
    target: { type: "Campaign", id: randomUUIDv7() },
    expiresAt: new Date(1_900_000_000_123),
  } as const;

  it("a sealed watch token can be opened", () => {
    expect(tokens.open(tokens.seal(claims))).toEqual(claims);
  });

  it("a watch token with a changed character, another secret or a missing end is refused", () => {
    const token = tokens.seal(claims);
    for (let index = 4; index < token.length; index++) {
      const changed = token[index] === "A" ? "B" : "A";
      expect(
        tokens.open(token.slice(0, index) + changed + token.slice(index + 1)),
        String(index),
      ).toBeUndefined();
      expect(tokens.open(token.slice(0, index))).toBeUndefined();
    }
    expect(new WatchTokens(randomBytes(32)).open(token)).toBeUndefined();
  });
});
