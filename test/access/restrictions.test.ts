import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { startTestApp, type TestApp } from "../support/app.ts";
import { GraphqlClient } from "../support/graphql-client.ts";
import { connectProvider } from "../support/mutations.ts";
import { startProviderDouble, type ProviderDouble } from "../support/provider-double.ts";
import { numbersOf } from "../support/stored-campaigns.ts";

interface Restrictions {
  providerIds?: string[];
  senders?: string[];
  countries?: string[];
}

interface Result {
  __typename: string;
  id?: string;
  code?: string;
  message?: string;
  restriction?: string;
}

let app: TestApp;
/** By priority; the third stands between the others. */
let [first, second, third]: ProviderDouble[] = [];
let firstId: string;
let secondId: string;
let thirdId: string;

beforeAll(async () => {
  app = await startTestApp();
  [first, second, third] = await Promise.all(Array.from({ length: 3 }, () => startProviderDouble()));
  const connect = (name: string, double: ProviderDouble | undefined, priority: number) =>
    connectProvider(app.client, {
      name,
      baseUrl: double?.url,
      apiToken: double?.token,
      priority,
      defaultSender: name,
    });
  firstId = await connect("First", first, 1);
  thirdId = await connect("Third", third, 2);
  secondId = await connect("Second", second, 3);
});

afterAll(async () => {
  await app.stop();
  await Promise.all([first?.close(), second?.close(), third?.close()]);
});

beforeEach(() => {
  if (first) first.plan = () => ({ outcome: "answer" });
});

interface Made {
  client: GraphqlClient;
  id: string;
  secret: string;
  code?: string;
}

async function keyWith(
  restrictions: Restrictions,
  scopes = ["READ", "SEND", "KEYS"],
  by = app.client,
): Promise<Made> {
  const { createApiKey } = await by.data<{
    createApiKey: { secret: string; apiKey: { id: string }; code?: string };
  }>(
    `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
      ... on CreatedApiKey { secret apiKey { id } } ... on Error { code message } } }`,
    { input: { name: "bound", scopes, restrictions } },
  );
  const { secret, apiKey, code } = createApiKey;
  if (code !== undefined) return { client: by, id: "", secret: "", code };
  return { client: new GraphqlClient(app.url, secret), id: apiKey.id, secret };
}

const result = "__typename ... on Error { code message } ... on KeyRestrictedError { restriction }";

const send = async ({ client }: Made, input: object = {}): Promise<Result> =>
  (
    await client.data<{ sendMessage: Result }>(
      `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ${result} ... on Message { id } } }`,
      { input: { to: "+421901000000", text: "Hello", ...input } },
    )
  ).sendMessage;

const campaign = async ({ client }: Made, input: object = {}): Promise<Result> =>
  (
    await client.data<{ createCampaign: Result }>(
      `mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { ${result} ... on Campaign { id } } }`,
      { input: { name: "C", text: "Hello", recipients: [{ to: "+421901000000" }], ...input } },
    )
  ).createCampaign;

const update = async ({ client }: Made, id: string | undefined): Promise<Result> =>
  (
    await client.data<{ updateMessage: Result }>(
      `mutation ($input: UpdateMessageInput!) { updateMessage(input: $input) { ${result} ... on Message { id } } }`,
      { input: { id, version: 1, text: "Another text" } },
    )
  ).updateMessage;

const shown = (id: string | undefined) =>
  app.client.data<{ message: { status: string; from: string; provider: { name: string } } }>(
    `query ($id: ID!) { message(id: $id) { status from provider { name } } }`,
    { id },
  );

/** A socket that a key has opened. */
async function openSocket(key: string): Promise<WebSocket> {
  const socket = new WebSocket(`${app.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${key}` } }));
  await once(socket, "message");
  return socket;
}

const restricted = (restriction: string) => ({
  __typename: "KeyRestrictedError",
  code: "KEY_RESTRICTED",
  restriction,
});

describe("a key that is restricted", () => {
  it("to providers: it sends through these alone, whether it names one or not", async () => {
    const key = await keyWith({ providerIds: [secondId] });
    const sent = await send(key);
    expect(sent.__typename).toBe("Message");
    expect((await shown(sent.id)).message.provider.name).toBe("Second");
    expect(await send(key, { providerId: firstId })).toMatchObject(restricted("PROVIDER"));
    expect(await campaign(key, { providerId: firstId })).toMatchObject(restricted("PROVIDER"));
    expect((await send(key, { providerId: secondId })).__typename).toBe("Message");
    await app.client.data(
      `mutation { updateProvider(input: { id: "${secondId}", enabled: false }) { __typename } }`,
    );
    expect(await send(key)).toMatchObject({
      code: "NO_ROUTE",
      message: expect.stringContaining("First: The key may not send through it.") as string,
    });
    await app.client.data(
      `mutation { updateProvider(input: { id: "${secondId}", enabled: true }) { __typename } }`,
    );
  });

  it("to providers: a message that the first refuses goes to another of these, and to no other provider, campaigns included", async () => {
    if (first) first.plan = () => ({ outcome: "no rate" });
    const key = await keyWith({ providerIds: [firstId, secondId] });
    const { id } = await send(key);
    await expect.poll(async () => (await shown(id)).message.status).toBe("DELIVERED");
    await expect.poll(async () => (await shown(id)).message.status).toBe("DELIVERED");
    expect((await shown(id)).message).toMatchObject({ provider: { name: "Second" }, from: "Second" });
    const before = second?.accepted.length ?? 0;
    const made = await campaign(key, { recipients: numbersOf(20).map((to) => ({ to })) });
    expect(made.__typename).toBe("Campaign");
    await expect.poll(() => second?.accepted.length).toBe(before + 20);
    expect(third?.requests).toEqual([]);
  });

  it("to senders: it names one of these, or none where there is only one, and campaigns do too", async () => {
    const key = await keyWith({ senders: ["Shop", "Bank"] });
    expect(await send(key, { from: "Other" })).toMatchObject(restricted("SENDER"));
    expect(await send(key)).toMatchObject(restricted("SENDER"));
    expect(await campaign(key, { from: "First" })).toMatchObject(restricted("SENDER"));
    const sent = await send(key, { from: "Bank" });
    expect((await shown(sent.id)).message.from).toBe("Bank");
    const single = await send(await keyWith({ senders: ["Shop"] }));
    expect((await shown(single.id)).message.from).toBe("Shop");
  });

  it("to countries: other recipients are refused one by one, in a call, a campaign and a quote", async () => {
    const key = await keyWith({ countries: ["SK"] });
    expect(await send(key, { to: "+420601000000" })).toMatchObject(restricted("COUNTRY"));
    const numbers = ["+421901000001", "+420601000001"];
    const { sendMessages } = await key.client.data<{ sendMessages: { results: Result[] } }>(
      `mutation ($messages: [SendMessageInput!]!) { sendMessages(input: { messages: $messages }) {
        ... on SendMessagesSuccess { results { ${result} } } } }`,
      { messages: numbers.map((to) => ({ to, text: "Hello" })) },
    );
    const { quote } = await key.client.data<{ quote: object }>(
      `query ($to: [QuoteRecipientInput!]!) { quote(input: { text: "Hello", recipients: $to }) { messages refused { code } } }`,
      { to: numbers.map((to) => ({ to })) },
    );
    expect(sendMessages.results).toMatchObject([{ __typename: "Message" }, restricted("COUNTRY")]);
    expect(quote).toMatchObject({ messages: 1, refused: [{ code: "KEY_RESTRICTED" }] });
    const made = await campaign(key, { recipients: numbers.map((to) => ({ to })) });
    const { node } = await app.client.data<{ node: unknown }>(
      `query ($id: ID!) { node(id: $id) { ... on Campaign { refusedRecipients { edges { node { code } } } } } }`,
      { id: made.id },
    );
    expect(node).toEqual({ refusedRecipients: { edges: [{ node: { code: "KEY_RESTRICTED" } }] } });
  });

  it("gives no message another text that it could not send", async () => {
    const scheduledAt = new Date(Date.now() + 3_600_000).toISOString();
    const admin = { client: app.client, id: "", secret: app.key };
    const { id } = await send(admin, { from: "Bank", providerId: firstId, scheduledAt });
    expect(await update(await keyWith({ countries: ["CZ"] }), id)).toMatchObject(restricted("COUNTRY"));
    expect(await update(await keyWith({ senders: ["Shop"] }), id)).toMatchObject(restricted("SENDER"));
    const bound = await keyWith({ providerIds: [secondId] });
    expect(await update(bound, id)).toMatchObject(restricted("PROVIDER"));
    const own = await send(bound, { scheduledAt });
    expect((await update(bound, own.id)).__typename).toBe("Message");
    expect((await shown(own.id)).message.provider.name).toBe("Second");
  });

  it("makes, changes and rotates only keys that are restricted as much, and cannot free itself", async () => {
    const key = await keyWith({ countries: ["SK", "CZ"] });
    const set = (id: string, restrictions: Restrictions) =>
      key.client.send<object>(
        `mutation ($id: ID!, $restrictions: KeyRestrictionsInput!) {
          setApiKeyRestrictions(id: $id, restrictions: $restrictions) { __typename } }`,
        { id, restrictions },
      );
    const forbidden = { errors: [{ extensions: { code: "FORBIDDEN" } }] };
    expect(await set(key.id, {})).toMatchObject(forbidden);
    expect(await set(key.id, { countries: ["SK", "HU"] })).toMatchObject(forbidden);
    await expect(keyWith({}, ["SEND"], key.client)).rejects.toThrow(/no more than itself/);
    const free = await keyWith({});
    for (const call of [`rotateApiKey(id: "${free.id}")`, `revokeApiKey(id: "${free.id}")`])
      expect(await key.client.send(`mutation { ${call} { __typename } }`)).toMatchObject(forbidden);
    const narrower = await keyWith({ countries: ["SK"], senders: ["Shop"] }, ["SEND", "READ"], key.client);
    const { rotateApiKey } = await key.client.data<{ rotateApiKey: { secret: string } }>(
      `mutation { rotateApiKey(id: "${narrower.id}") { ... on CreatedApiKey { secret } } }`,
    );
    const successor = new GraphqlClient(app.url, rotateApiKey.secret);
    expect(await successor.data("{ viewer { restrictions { providerIds senders countries } } }")).toEqual({
      viewer: { restrictions: { providerIds: null, senders: ["Shop"], countries: ["SK"] } },
    });
  });

  it("restrictions that are set later hold within a second, also for a socket that was open, and are in the audit log", async () => {
    const key = await keyWith({});
    const socket = await openSocket(key.secret);
    await app.client.data(
      `mutation { setApiKeyRestrictions(id: "${key.id}", restrictions: { providerIds: ["${thirdId}"] }) { __typename } }`,
    );
    await once(socket, "close");
    await expect
      .poll(() => send(key, { providerId: firstId }), { timeout: 10_000 })
      .toMatchObject(restricted("PROVIDER"));
    const { auditLog } = await app.client.data<{ auditLog: object }>(
      `{ auditLog(first: 1, filter: { targetId: "${key.id}" }) { edges { node { action before after } } } }`,
    );
    expect(auditLog).toEqual({
      edges: [
        {
          node: {
            action: "API_KEY_UPDATED",
            before: { restrictions: {} },
            after: { restrictions: { providerIds: [thirdId] } },
          },
        },
      ],
    });
  });

  it("what is no restriction is refused: empty lists, other words than countries, providers of others", async () => {
    const other = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
    const foreign = await connectProvider(other);
    expect(await keyWith({ countries: [] })).toMatchObject({ code: "INVALID_INPUT" });
    expect(await keyWith({ countries: ["Slovakia"] })).toMatchObject({ code: "INVALID_INPUT" });
    expect(await keyWith({ senders: [" "] })).toMatchObject({ code: "INVALID_INPUT" });
    expect(await keyWith({ providerIds: [foreign] })).toMatchObject({ code: "NOT_FOUND" });
  });
});
