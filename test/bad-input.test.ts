import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { text as readText } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeId } from "../src/graphql/ids.ts";
import { startTestApp, type TestApp } from "./support/app.ts";
import { callbackUrlOf, countRows, post, queueMessage, readCounters, update } from "./support/callbacks.ts";
import { GraphqlClient } from "./support/graphql-client.ts";
import { leakIn } from "./support/leaks.ts";

let app: TestApp;
let providerId: string;
let foreignProviderId: string;
let disabledProviderId: string;

interface Outcome {
  __typename: string;
  code?: string;
  message?: string;
  field?: string;
  id?: string;
}

const outcome =
  "__typename ... on Error { code message ... on InvalidInputError { field } ... on NotFoundError { id } }";

async function mutate(client: GraphqlClient, name: string, type: string, input: unknown): Promise<Outcome> {
  const isId = type === "ID!";
  const document = `mutation ($input: ${type}) { ${name}(${isId ? "id" : "input"}: $input) { ${outcome} } }`;
  const data = await client.data<Record<string, Outcome>>(document, { input });
  return data[name] ?? { __typename: "nothing" };
}

const send = (input: object): Promise<Outcome> =>
  mutate(app.client, "sendMessage", "SendMessageInput!", {
    to: "+421901000000",
    text: "Hello",
    from: "smsgraph",
    ...input,
  });

const connectTo = (input: object, client = app.client): Promise<Outcome> =>
  mutate(client, "connectProvider", "ConnectProviderInput!", {
    tikosms: { name: "T", apiToken: "token", ...input },
  });

async function connectProvider(client: GraphqlClient, input: object = {}): Promise<string> {
  const { connectProvider: provider } = await client.data<{ connectProvider: { id: string } }>(
    "mutation ($input: TikosmsConnectionInput!) { connectProvider(input: { tikosms: $input }) { ... on Provider { id } } }",
    { input: { name: "TikoSMS", apiToken: "token", ...input } },
  );
  return provider.id;
}

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
  providerId = await connectProvider(app.client);
  const foreign = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
  foreignProviderId = await connectProvider(foreign);
  disabledProviderId = await connectProvider(app.client);
  await mutate(app.client, "updateProvider", "UpdateProviderInput!", {
    id: disabledProviderId,
    enabled: false,
  });
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
});

const nobody = (type: "Provider" | "Message"): string =>
  encodeId(type, "0198a1b2-0000-7000-8000-000000000001");
const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

/** A body whose length is not announced. */
const streamed = (chunks: readonly Uint8Array[]): RequestInit =>
  ({ body: Readable.toWeb(Readable.from(chunks)), duplex: "half" }) as RequestInit;

type Case = [what: string, input: object, code: string, advice: RegExp];

const number = /international form, for example \+421901000000/;
const unstorable = /NUL character or half a surrogate pair\. Remove it/;
const lengthAdvice = /must have 1 to 255 characters/;

const refusedMessages: Case[] = [
  ["a recipient that is no number", { to: "hello" }, "INVALID_PHONE_NUMBER", number],
  ["an empty recipient", { to: " " }, "INVALID_PHONE_NUMBER", number],
  ["a number of no country", { to: "+999123456789" }, "INVALID_PHONE_NUMBER", number],
  ["a number that is no country's", { to: "+80012345678" }, "INVALID_PHONE_NUMBER", number],
  ["a national number", { to: "0901 000 000" }, "INVALID_PHONE_NUMBER", number],
  ["too short a number", { to: "+42190" }, "INVALID_PHONE_NUMBER", number],
  ["too long a number", { to: "+4219010000001234" }, "INVALID_PHONE_NUMBER", number],
  ["two plus signs", { to: "++421901000000" }, "INVALID_PHONE_NUMBER", number],
  ["two numbers", { to: "+421901000000, +421901000001" }, "INVALID_PHONE_NUMBER", number],
  ["a number with an extension", { to: "+421901000000 ext. 5" }, "INVALID_PHONE_NUMBER", number],
  ["a number with a NUL", { to: "+42190\x001000000" }, "INVALID_PHONE_NUMBER", number],
  ["a number of a megabyte", { to: "+".padEnd(1_000_000, "1") }, "INVALID_PHONE_NUMBER", number],

  ["no text", { text: "" }, "INVALID_TEXT", /empty\. Write one/],
  ["a blank text", { text: " \n\t\u00a0" }, "INVALID_TEXT", /empty\. Write one/],
  [
    "too long a text",
    { text: "x".repeat(255 * 153 + 1) },
    "INVALID_TEXT",
    /256 segments.*at most 255\. Shorten it/,
  ],
  ["a NUL in the text", { text: "a\0b" }, "INVALID_TEXT", unstorable],
  ["half a surrogate pair in the text", { text: "a\ud800b" }, "INVALID_TEXT", unstorable],
  ["a text that GSM-7 cannot show", { text: "Ы", encoding: "GSM7" }, "INVALID_TEXT", /Use encoding AUTO/],

  [
    "no sender where there is no default",
    { from: null },
    "INVALID_SENDER",
    /Give one, or set it with `updateProvider`/,
  ],
  ["a blank sender", { from: "   " }, "INVALID_SENDER", /sender is empty/],
  [
    "a sender of 16 with a short text",
    { from: "x".repeat(16) },
    "INVALID_SENDER",
    /longer than the 15 characters/,
  ],
  [
    "a sender of 17 with a long text",
    { from: "x".repeat(17), text: "y".repeat(161) },
    "INVALID_SENDER",
    /longer than the 16/,
  ],
  ["a line break in the sender", { from: "a\nb" }, "INVALID_SENDER", /control characters/],
  ["an empty sender", { from: "" }, "INVALID_INPUT", lengthAdvice],
  ["a NUL in the sender", { from: "a\0" }, "INVALID_INPUT", unstorable],
  ["half a surrogate pair in the sender", { from: "\udc00" }, "INVALID_INPUT", unstorable],

  ["an empty reference", { clientRef: "" }, "INVALID_INPUT", lengthAdvice],
  ["too long a reference", { clientRef: "x".repeat(256) }, "INVALID_INPUT", lengthAdvice],
  ["a NUL in the reference", { clientRef: "a\0" }, "INVALID_INPUT", unstorable],
  ["half a surrogate pair in the reference", { clientRef: "\ud800" }, "INVALID_INPUT", unstorable],
  ["an empty idempotency key", { idempotencyKey: "" }, "INVALID_INPUT", lengthAdvice],
  ["too long an idempotency key", { idempotencyKey: "x".repeat(256) }, "INVALID_INPUT", lengthAdvice],
  ["a NUL in the idempotency key", { idempotencyKey: "a\0b" }, "INVALID_INPUT", unstorable],
  ["half a surrogate pair in the idempotency key", { idempotencyKey: "\ud800" }, "INVALID_INPUT", unstorable],
  ["a NUL in the template", { dltTemplateId: "a\0b" }, "INVALID_INPUT", unstorable],
  ["a NUL in the cadence group", { cadenceGroupId: "a\0b" }, "INVALID_INPUT", unstorable],

  ["a provider id that is none", { providerId: "5" }, "INVALID_ID", /exactly as an answer gave it/],
  [
    "an id of another type",
    { providerId: nobody("Message") },
    "INVALID_ID",
    /id of a Message; here a Provider is meant/,
  ],
  [
    "an id in the wrong case",
    { providerId: nobody("Provider").toLowerCase() },
    "INVALID_ID",
    /exactly as an answer/,
  ],
  [
    "an unknown provider",
    { providerId: nobody("Provider") },
    "NOT_FOUND",
    /Use an id that this account was given/,
  ],

  [
    "a time in the past",
    { scheduledAt: inDays(-0.001) },
    "INVALID_SCHEDULE",
    /Give a time to come, or leave it out/,
  ],
  ["a time too far ahead", { scheduledAt: inDays(367) }, "INVALID_SCHEDULE", /Give an earlier time/],

  [
    "a validity period, with no provider that has one",
    { validityMinutes: 5 },
    "NO_ROUTE",
    /`validityMinutes`.*Leave it out/,
  ],
  ["a flash message, with no provider that has them", { flash: true }, "NO_ROUTE", /`flash`.*Leave it out/],
];

describe("sendMessage refuses, and stores nothing, for", () => {
  it.each(refusedMessages)("%s", async (_, input, code, advice) => {
    const before = await countRows(app);
    const refused = await send(input);
    expect(refused).toMatchObject({ code, message: expect.stringMatching(advice) });
    expect(refused.__typename).toMatch(/^\w+Error$/);
    expect(leakIn(refused)).toBeUndefined();
    expect(await countRows(app)).toEqual(before);
  });

  it.each([
    ["a validity period", { validityMinutes: 5 }, "validityMinutes"],
    ["a flash message", { flash: true }, "flash"],
    ["UCS-2 where GSM-7 would do", { encoding: "UCS2" }, "encoding"],
    ["a cadence group", { cadenceGroupId: "1" }, "cadenceGroupId"],
    ["a template", { dltTemplateId: "1" }, "dltTemplateId"],
  ])("%s of the provider that was named and has none", async (_, input, feature) => {
    const refused = await send({ ...input, providerId });
    expect(refused).toMatchObject({
      __typename: "UnsupportedFeatureError",
      code: "UNSUPPORTED_FEATURE",
      message: `TikoSMS cannot do what \`${feature}\` asks for. Leave it out, or choose another provider.`,
    });
  });

  it("a provider of another account, and one that is disabled, by the id that was given", async () => {
    for (const id of [foreignProviderId, disabledProviderId]) {
      const refused = await send({ providerId: id });
      expect(refused).toMatchObject({ __typename: "NotFoundError", code: "NOT_FOUND", id });
      expect(refused.message).toContain(`There is no enabled provider with the id ${id} in this account.`);
    }
  });

  it("an account without a provider", async () => {
    const client = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
    const input = { to: "+421901000000", text: "Hello" };
    expect(await mutate(client, "sendMessage", "SendMessageInput!", input)).toMatchObject({
      __typename: "NoRouteError",
      code: "NO_ROUTE",
      message: expect.stringContaining("Connect one with `connectProvider`"),
    });
  });

  it("the same idempotency key with another input, and names the message that has it", async () => {
    const idempotencyKey = randomUUID();
    const { sendMessage } = await app.client.data<{ sendMessage: { id: string } }>(
      "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ... on Message { id } } }",
      { input: { to: "+421901000000", text: "Hello", from: "smsgraph", idempotencyKey } },
    );
    const conflict = await app.client.data<{ sendMessage: object }>(
      `mutation ($input: SendMessageInput!) {
        sendMessage(input: $input) { ... on IdempotencyConflictError { code message idempotencyKey messageId } }
      }`,
      { input: { to: "+421901000000", text: "Hello!", from: "smsgraph", idempotencyKey } },
    );
    expect(conflict.sendMessage).toEqual({
      code: "IDEMPOTENCY_CONFLICT",
      message: expect.stringContaining("Use a new key for a new message."),
      idempotencyKey,
      messageId: sendMessage.id,
    });
  });

  it("every field that an error has", async () => {
    const { a, b, c, d, e } = await app.client.data<Record<string, object>>(
      `mutation ($far: DateTime!) {
        a: sendMessage(input: { to: " nobody ", text: "x" }) { ... on InvalidPhoneNumberError { input } }
        b: sendMessage(input: { to: "+421901000000", text: "${"x".repeat(40_000)}", from: "me" }) {
          ... on InvalidTextError { segments maxSegments }
        }
        c: sendMessage(input: { to: "+421901000000", text: "x", from: "0123456789abcdef" }) {
          ... on InvalidSenderError { sender }
        }
        d: sendMessage(input: { to: "+421901000000", text: "x", scheduledAt: $far }) {
          ... on InvalidScheduleError { scheduledAt }
        }
        e: sendMessage(input: { to: "+421901000000", text: "x", flash: true, providerId: "${providerId}" }) {
          ... on UnsupportedFeatureError { feature }
        }
      }`,
      { far: "2020-01-31T09:00:00+01:00" },
    );
    expect([a, b, c, d, e]).toEqual([
      { input: "nobody" },
      { segments: 262, maxSegments: 255 },
      { sender: "0123456789abcdef" },
      { scheduledAt: "2020-01-31T08:00:00.000Z" },
      { feature: "flash" },
    ]);
  });
});

describe("sendMessages", () => {
  const sendAll = (messages: object[], more: object = {}) =>
    app.client.data<{
      sendMessages: { __typename: string; code?: string; message?: string; results?: Outcome[] };
    }>(
      `mutation ($input: SendMessagesInput!) {
        sendMessages(input: $input) {
          __typename ... on Error { code message } ... on SendMessagesSuccess { results { ${outcome} } }
        }
      }`,
      { input: { messages, ...more } },
    );
  const good = { to: "+421901000000", text: "Hello", from: "smsgraph" };

  it.each([0, 1001])("of %i messages is refused as a whole", async (count) => {
    const before = await countRows(app);
    const { sendMessages } = await sendAll(Array.from({ length: count }, () => good));
    expect(sendMessages).toEqual({
      __typename: "InvalidInputError",
      code: "INVALID_INPUT",
      message: `Give 1 to 1000 messages, not ${count}.`,
    });
    expect(await countRows(app)).toEqual(before);
  });

  it("lets the good ones go, and says of each other one what is wrong, in the order given", async () => {
    const before = await countRows(app);
    const { sendMessages } = await sendAll([
      good,
      { ...good, to: "hello" },
      { ...good, providerId: "5" },
      good,
      { ...good, providerId: nobody("Provider") },
      { ...good, idempotencyKey: "a\0b" },
      { ...good, text: "" },
      good,
    ]);
    expect(sendMessages.results?.map(({ __typename, code }) => code ?? __typename)).toEqual([
      "Message",
      "INVALID_PHONE_NUMBER",
      "INVALID_ID",
      "Message",
      "NOT_FOUND",
      "INVALID_INPUT",
      "INVALID_TEXT",
      "Message",
    ]);
    expect(leakIn(sendMessages)).toBeUndefined();
    expect((await countRows(app))["messages"]).toBe((before["messages"] ?? 0) + 3);
  });

  it("with a bad common provider refuses those that name none", async () => {
    const { sendMessages } = await sendAll([good, { ...good, providerId }], { providerId: "5" });
    expect(sendMessages.results?.map(({ __typename }) => __typename)).toEqual([
      "InvalidInputError",
      "Message",
    ]);
  });
});

describe("connectProvider and updateProvider refuse", () => {
  const refused: [what: string, input: object, field: string, advice: RegExp][] = [
    ["no name", { name: "" }, "name", /1 to 100 characters/],
    ["a blank name", { name: " \t" }, "name", /1 to 100 characters/],
    ["too long a name", { name: "x".repeat(101) }, "name", /1 to 100 characters/],
    ["a NUL in the name", { name: "a\0b" }, "name", unstorable],
    ["half a surrogate pair in the name", { name: "a\ud800b" }, "name", unstorable],
    ["no token", { apiToken: "" }, "apiToken", /printable ASCII/],
    ["a token of spaces", { apiToken: "  " }, "apiToken", /printable ASCII/],
    ["a token that could end the header", { apiToken: "a\r\nx: y" }, "apiToken", /printable ASCII/],
    ["a NUL in the token", { apiToken: "a\0b" }, "apiToken", unstorable],
    ["something that is no URL", { baseUrl: "nope" }, "baseUrl", /must be an http or https URL/],
    ["another protocol", { baseUrl: "ftp://example.com" }, "baseUrl", /must be an http or https URL/],
    [
      "plain http to another machine",
      { baseUrl: "http://example.com" },
      "baseUrl",
      /must start with https:\/\//,
    ],
    [
      "plain http to an address",
      { baseUrl: "http://169.254.169.254/" },
      "baseUrl",
      /must start with https:\/\//,
    ],
    [
      "plain http to a name that looks local",
      { baseUrl: "http://localhost.example.com" },
      "baseUrl",
      /https:\/\//,
    ],
    ["a password in the URL", { baseUrl: "https://me:you@example.com" }, "baseUrl", /no user name, password/],
    ["a NUL in the URL", { baseUrl: "https://example.com/\0" }, "baseUrl", unstorable],
    ["a time zone that there is not", { timeZone: "Mars/Olympus_Mons" }, "timeZone", /such as Europe\/Kyiv/],
    ["an empty time zone", { timeZone: "" }, "timeZone", /such as Europe\/Kyiv/],
    [
      "too long a default sender",
      { defaultSender: "x".repeat(16) },
      "defaultSender",
      /longer than the 15 characters/,
    ],
    ["an empty default sender", { defaultSender: "" }, "defaultSender", /sender is empty/],
    ["half a surrogate pair in it", { defaultSender: "\udc00" }, "defaultSender", unstorable],
  ];

  it.each(refused)("%s", async (_, input, field, advice) => {
    const before = await countRows(app);
    const expected = {
      __typename: "InvalidInputError",
      code: "INVALID_INPUT",
      field,
      message: expect.stringMatching(advice),
    };
    const connected = await connectTo(input);
    const updated = await mutate(app.client, "updateProvider", "UpdateProviderInput!", {
      id: providerId,
      ...input,
    });
    expect([connected, updated]).toEqual([expected, expected]);
    expect(leakIn([connected, updated])).toBeUndefined();
    expect(await countRows(app)).toEqual(before);
  });

  it.each(["updateProvider", "disconnectProvider", "checkProvider"])(
    "%s of what is not a provider of this account",
    async (name) => {
      const type = name === "updateProvider" ? "UpdateProviderInput!" : "ID!";
      const change = (id: string): Promise<Outcome> =>
        mutate(app.client, name, type, name === "updateProvider" ? { id, name: "Mine" } : id);
      expect(await change("nonsense")).toMatchObject({ __typename: "InvalidInputError", code: "INVALID_ID" });
      expect(await change(nobody("Message"))).toMatchObject({ code: "INVALID_ID" });
      for (const id of [nobody("Provider"), foreignProviderId]) {
        expect(await change(id)).toMatchObject({ __typename: "NotFoundError", code: "NOT_FOUND", id });
      }
      const gone = await connectProvider(app.client);
      await mutate(app.client, "disconnectProvider", "ID!", gone);
      expect(await change(gone)).toMatchObject({ code: "NOT_FOUND" });
    },
  );
});

describe("cancelMessage refuses", () => {
  const cancel = (id: string): Promise<Outcome> => mutate(app.client, "cancelMessage", "ID!", id);

  it("what is not a message of this account", async () => {
    expect(await cancel("nonsense")).toMatchObject({ code: "INVALID_ID", field: "id" });
    expect(await cancel(providerId)).toMatchObject({ code: "INVALID_ID" });
    expect(await cancel(nobody("Message"))).toMatchObject({ code: "NOT_FOUND" });
    const other = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
    const id = encodeId("Message", await queueMessage(app, { from: "smsgraph" }));
    expect(await mutate(other, "cancelMessage", "ID!", id)).toMatchObject({ code: "NOT_FOUND", id });
  });

  it("a final message, and leaves it as it is", async () => {
    const id = await queueMessage(app, { from: "smsgraph" });
    await post(await callbackUrlOf(app, providerId), update({ client_ref: id, status: "DELIVRD" }));
    expect(await cancel(encodeId("Message", id))).toMatchObject({
      __typename: "NotCancellableError",
      code: "NOT_CANCELLABLE",
      message: "Only a SCHEDULED or QUEUED message can be cancelled; this one is DELIVERED.",
    });
  });
});

describe("a query is refused with a code for", () => {
  const ids = (count: number): string =>
    JSON.stringify(Array.from({ length: count }, () => nobody("Message")));
  const page = "edges { node { id } }";
  const timelines = `events(first: 100) { edges { node { message { ${"id ".repeat(30)} } } } }`;
  const deep = `${"... on Message { provider { messages { edges { node { ".repeat(4)} id ${"} } } } }".repeat(4)}`;
  const cursor = /exactly as an earlier answer gave it, or leave it out/;
  const size = /must be 0 to 100, not -?\d+\. Read further pages/;
  const refused: [what: string, query: string, code: string, advice: RegExp][] = [
    [
      "neither id nor reference",
      "{ message { id } }",
      "INVALID_INPUT",
      /exactly one of `id` and `clientRef`/,
    ],
    [
      "both",
      `{ message(id: "x", clientRef: "y") { id } }`,
      "INVALID_INPUT",
      /exactly one of `id` and `clientRef`/,
    ],
    ["a malformed id", '{ message(id: "x") { id } }', "INVALID_ID", /exactly as an answer gave it/],
    ["a malformed node id", '{ node(id: "x") { id } }', "INVALID_ID", /exactly as an answer gave it/],
    [
      "an unknown type of node",
      `{ node(id: "${btoa(`Nothing:${randomUUID()}`)}") { id } }`,
      "INVALID_ID",
      /exactly/,
    ],
    [
      "a provider's id as a message's",
      `{ message(id: "${nobody("Provider")}") { id } }`,
      "INVALID_ID",
      /Message is meant/,
    ],
    ["too many ids", `{ nodes(ids: ${ids(101)}) { id } }`, "INVALID_INPUT", /at most 100 are answered/],
    ["a reference with a NUL", '{ message(clientRef: "\\u0000") { id } }', "INVALID_INPUT", unstorable],
    [
      "a filter with a NUL",
      `{ messages(filter: { clientRef: "\\u0000" }) { ${page} } }`,
      "INVALID_INPUT",
      unstorable,
    ],
    [
      "a filter that is no number",
      `{ messages(filter: { to: "x" }) { ${page} } }`,
      "INVALID_PHONE_NUMBER",
      number,
    ],
    [
      "a filter that is no id",
      `{ messages(filter: { providerId: "x" }) { ${page} } }`,
      "INVALID_ID",
      /filter.providerId/,
    ],
    ["a page of 101", `{ messages(first: 101) { ${page} } }`, "INVALID_INPUT", size],
    ["a page of 101 from the end", `{ messages(last: 101) { ${page} } }`, "INVALID_INPUT", size],
    ["a page of -1", `{ messages(first: -1) { ${page} } }`, "INVALID_INPUT", size],
    ["a page from both ends", `{ messages(first: 1, last: 1) { ${page} } }`, "INVALID_INPUT", /not both/],
    ["a malformed cursor", `{ messages(after: "zzz") { ${page} } }`, "INVALID_CURSOR", cursor],
    ["an empty cursor", `{ messages(before: "") { ${page} } }`, "INVALID_CURSOR", cursor],
    [
      "a cursor of another list",
      `{ messages(after: "${btoa("17")}") { ${page} } }`,
      "INVALID_CURSOR",
      cursor,
    ],
    [
      "too long a text to preview",
      `{ previewText(text: "${"x".repeat(20_001)}") { segments } }`,
      "INVALID_TEXT",
      /Shorten it/,
    ],
    [
      "too many fields",
      `{ messages(first: 100) { edges { node { ${timelines} } } } }`,
      "QUERY_TOO_COMPLEX",
      /smaller pages/,
    ],
    [
      "too deep a query",
      `{ node(id: "${nobody("Message")}") { ${deep} } }`,
      "QUERY_TOO_COMPLEX",
      /fewer fields/,
    ],
    [
      "too many aliases",
      `{ ${Array.from({ length: 600 }, (_, n) => `a${n}: viewer { keyName }`).join(" ")} }`,
      "QUERY_TOO_COMPLEX",
      /fewer/,
    ],
    ["too many tokens", `{ ${"viewer { keyName } ".repeat(1500)} }`, "BAD_REQUEST", /more than 5000 tokens/],
    ["a syntax error", "{ viewer ", "BAD_REQUEST", /Expected Name, found <EOF>/],
    ["an unknown field", "{ viewer { password } }", "BAD_REQUEST", /Cannot query field "password"/],
    ["an unknown argument", '{ viewer(id: "x") { keyName } }', "BAD_REQUEST", /Unknown argument "id"/],
    ["a number out of range", `{ messages(first: 9999999999) { ${page} } }`, "BAD_REQUEST", /32-bit/],
    [
      "a date that there is not",
      `{ messages(filter: { created: { from: "2026-02-30T00:00:00Z" } }) { ${page} } }`,
      "BAD_REQUEST",
      /date-time/,
    ],
  ];

  it.each(refused)("%s", async (_, query, code, advice) => {
    const { errors } = await app.client.send(query);
    expect(errors).toMatchObject([{ message: expect.stringMatching(advice), extensions: { code } }]);
    expect(leakIn(errors)).toBeUndefined();
  });

  it.each([
    ["a missing variable", {}],
    ["a variable of another type", { input: "text" }],
    ["a field that there is not", { input: { to: "+421901000000", text: "x", colour: "red" } }],
    ["a field of another type", { input: { to: 421_901_000_000, text: "x" } }],
    ["a missing field", { input: { to: "+421901000000" } }],
    ["a time that is none", { input: { to: "+421901000000", text: "x", scheduledAt: "tomorrow" } }],
    [
      "a time without a zone",
      { input: { to: "+421901000000", text: "x", scheduledAt: "2030-01-31T08:00:00" } },
    ],
    ["a time as a number", { input: { to: "+421901000000", text: "x", scheduledAt: 8.64e15 } }],
    ["an unknown word", { input: { to: "+421901000000", text: "x", encoding: "UTF8" } }],
  ])("%s", async (_, variables) => {
    const document = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ${outcome} } }`;
    const { errors, data } = await app.client.send(document, variables);
    expect(errors).toMatchObject([
      { message: expect.stringContaining("input"), extensions: { code: "BAD_REQUEST" } },
    ]);
    expect(data).toBeUndefined();
    expect(leakIn(errors)).toBeUndefined();
  });

  it("none or several of the kinds of provider", async () => {
    for (const input of [{}, { tikosms: null }, { tikosms: { name: "a", apiToken: "b" }, other: {} }]) {
      const document = `mutation ($input: ConnectProviderInput!) { connectProvider(input: $input) { ${outcome} } }`;
      const { errors } = await app.client.send(document, { input });
      expect(errors).toMatchObject([{ extensions: { code: "BAD_REQUEST" } }]);
    }
  });

  it.each([
    ["a malformed cursor", { after: "zzz" }, "INVALID_CURSOR"],
    ["a list's cursor", { after: btoa(randomUUID()) }, "INVALID_CURSOR"],
    [
      "too large a cursor",
      { after: Buffer.from("1:9999999999999999999").toString("base64url") },
      "INVALID_CURSOR",
    ],
    ["a cursor of a megabyte", { after: "x".repeat(1_000_000) }, "BAD_REQUEST"],
    ["a malformed message id", { filter: { messageIds: ["x"] } }, "INVALID_ID"],
    ["no message id", { filter: { messageIds: [] } }, "INVALID_INPUT"],
    [
      "too many message ids",
      { filter: { messageIds: Array.from({ length: 1001 }, () => nobody("Message")) } },
      "INVALID_INPUT",
    ],
    ["an unknown message", { filter: { messageIds: [nobody("Message")] } }, "NOT_FOUND"],
    ["an unknown provider", { filter: { providerId: nobody("Provider") } }, "NOT_FOUND"],
  ])("%s to watch from", async (_, variables, code) => {
    const document = `subscription ($filter: MessageEventFilter, $after: Cursor) {
      messageEvents(filter: $filter, after: $after) { __typename }
    }`;
    const [first] = await firstOf(app.client.subscribe(document, variables));
    expect(first).toMatchObject([{ extensions: { code } }]);
    expect(leakIn(first)).toBeUndefined();
  });

  it("a message that is not there to watch", async () => {
    const document = "subscription ($id: ID!) { messageChanged(id: $id) { id } }";
    for (const [id, code] of [
      [nobody("Message"), "NOT_FOUND"],
      ["x", "INVALID_ID"],
    ]) {
      const [first] = await firstOf(app.client.subscribe(document, { id }));
      expect(first).toMatchObject([{ extensions: { code } }]);
    }
  });

  /** The errors with which a subscription ends, whether it began or not. */
  async function firstOf(results: AsyncIterableIterator<{ errors?: unknown }>): Promise<unknown[]> {
    try {
      const { value } = await results.next();
      return [(value as { errors?: unknown }).errors];
    } catch (errors) {
      return [errors];
    }
  }
});

describe("a request is refused for", () => {
  const largest = 5 * 1024 * 1024;
  const headers = (): Record<string, string> => ({
    ...app.client.headers,
    "content-type": "application/json",
  });
  const ask = async (init: RequestInit, path = "/graphql") => {
    const response = await fetch(`${app.url}${path}`, { method: "POST", headers: headers(), ...init });
    const body = await response.text();
    return { status: response.status, ...(JSON.parse(body) as { errors?: object[]; data?: unknown }) };
  };
  const refusal = (status: number, message: RegExp) => ({
    status,
    errors: [{ message: expect.stringMatching(message), extensions: { code: "BAD_REQUEST" } }],
  });
  const padded = (bytes: number): string => {
    const body = JSON.stringify({ query: "{ __typename }", extensions: { padding: "" } });
    return body.replace('""', `"${"x".repeat(bytes - body.length)}"`);
  };
  const inChunks = (body: string): RequestInit =>
    streamed(body.match(/[^]{1,100000}/g)?.map((chunk) => Buffer.from(chunk)) ?? []);

  it("a body over the limit, announced or not, and not one at it", async () => {
    expect(await ask({ body: padded(largest) })).toMatchObject({ status: 200 });
    expect(await ask(inChunks(padded(largest)))).toMatchObject({ status: 200 });
    const tooLarge = refusal(413, /more than 5242880 bytes\. Send fewer messages at once/);
    expect(await ask({ body: padded(largest + 1) })).toEqual(tooLarge);
    expect(await ask(inChunks(padded(largest + 1)))).toEqual(tooLarge);
    expect(await ask(inChunks(padded(3 * largest)))).toEqual(tooLarge);
    // The connections are still good.
    await Promise.all(Array.from({ length: 20 }, () => app.client.data("{ viewer { keyName } }")));
  });

  it.each([
    ["text", "text/plain"],
    ["no type at all", ""],
    ["XML", "application/xml"],
  ])("a content type that is not JSON: %s", async (_, type) => {
    const { "content-type": _type, ...others } = headers();
    const body = Buffer.from('{"query":"{ __typename }"}');
    const answer = await ask({ headers: type === "" ? others : { ...others, "content-type": type }, body });
    expect(answer).toEqual(refusal(415, /Send JSON, with `Content-Type: application\/json`/));
  });

  it.each([
    ["JSON that ends early", "{", /invalid JSON/],
    ["nothing", "", /invalid JSON/],
    ["null", "null", /expected to be object/],
    ["a list", "[]", /Batching is not supported/],
    ["variables that are a list", '{"query":"{ __typename }","variables":[]}', /"variables"/],
  ])("a body of %s", async (_, body, message) => {
    const answer = await ask({ body });
    expect(answer).toMatchObject({ status: 400, errors: [{ message: expect.stringMatching(message) }] });
    expect(leakIn(answer)).toBeUndefined();
  });

  it("a mutation by GET, and does not run it", async () => {
    const before = await countRows(app);
    const mutation =
      'mutation { sendMessage(input: { to: "+421901000000", text: "x", from: "me" }) { __typename } }';
    const answer = await ask({ method: "GET" }, `/graphql?query=${encodeURIComponent(mutation)}`);
    expect(answer).toEqual(refusal(405, /mutation.*POST/));
    expect(await countRows(app)).toEqual(before);
  });

  it("a path that is no path, also in a request for a WebSocket, and the process goes on", async () => {
    const upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n";
    const key = `sec-websocket-key: ${btoa("x".repeat(16))}\r\n`;
    for (const path of ["//", "///", "http://[", "*"]) {
      for (const more of ["", `${upgrade}${key}`]) {
        const answer = await speak(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${more}\r\n`);
        expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /);
      }
    }
    for (let attempt = 0; attempt < 5; attempt++) {
      const socket = open();
      socket.write(`GET /elsewhere HTTP/1.1\r\nhost: x\r\n${upgrade}${key}\r\n`, () =>
        socket.resetAndDestroy(),
      );
    }
    expect(await ask({ body: '{"query":"{ __typename }"}' })).toMatchObject({ status: 200 });
  });

  function open(): Socket {
    return connect(Number(new URL(app.url).port), "127.0.0.1").on("error", () => undefined);
  }

  async function speak(request: string): Promise<string> {
    const socket = open();
    socket.write(request);
    return readText(socket);
  }
});

describe("a fault of our own", () => {
  it("shows an id and nothing else, and the id is in the log", async () => {
    const broken = await startTestApp({ runsWorker: false });
    const brokenUrl = await callbackUrlOf(
      broken,
      await connectProvider(broken.client, { defaultSender: "smsgraph" }),
    );
    await broken.services.database.pool.query("alter table messages rename to messages_elsewhere");
    const operations = [
      "{ messages { edges { node { id } } } }",
      `{ message(id: "${nobody("Message")}") { id } }`,
      'mutation { sendMessage(input: { to: "+421901000000", text: "secret text" }) { __typename } }',
      `mutation { cancelMessage(id: "${nobody("Message")}") { __typename } }`,
    ];
    const ids = await Promise.all(
      operations.map(async (operation) => idOfFault(await broken.client.send(operation))),
    );
    const [watched] = await broken.client
      .subscribe(`subscription { messageChanged(id: "${nobody("Message")}") { id } }`)
      .next()
      .then(({ value }) => [value as object])
      .catch((errors: object[]) => [{ errors }]);
    ids.push(idOfFault(watched ?? {}));
    const log = broken.log.map(
      (line) => JSON.parse(line) as { errorId?: string; error?: { message: string } },
    );
    for (const id of ids) {
      expect(log.filter(({ errorId }) => errorId === id)).toMatchObject([
        { level: 50, error: { message: expect.stringContaining("messages") } },
      ]);
    }
    expect(await readCounters(broken, "smsgraph_internal_errors_total")).toEqual({
      smsgraph_internal_errors_total: ids.length,
    });
    const answer = await post(brokenUrl, update({ client_ref: randomUUID(), status: "SENT" }));
    expect(answer).toEqual({ status: 503, text: "Not stored. Send it again.\n" });
    expect(broken.log.join("")).not.toContain("secret text");
    await broken.client.close();
    await broken.stop();
  });

  function idOfFault(answer: { errors?: unknown }): string {
    expect(answer.errors).toMatchObject([
      {
        message: expect.stringMatching(
          /^Something failed on our side\. The id [0-9a-f-]{36} finds it in the log\.$/,
        ),
        extensions: { code: "INTERNAL", id: expect.any(String) },
      },
    ]);
    expect(leakIn(answer)).toBeUndefined();
    const [{ extensions }] = answer.errors as [{ extensions: { id: string } }];
    return extensions.id;
  }
});

describe("a callback is refused, counted, and changes nothing:", () => {
  const receipt = (): string =>
    update({ client_ref: randomUUID(), message_id: randomUUID(), status: "DELIVRD" });
  const refused: [
    what: string,
    request: (url: string) => Promise<{ status: number; text: string }>,
    status: number,
    result: string,
  ][] = [
    ["an empty body", (url) => post(url, undefined), 400, "empty"],
    ["a body of white space", (url) => post(url, " \n"), 400, "malformed"],
    ["a body of NULs", (url) => post(url, "\0\0\0"), 400, "malformed"],
    ["ten megabytes", (url) => post(url, `"${"x".repeat(10_000_000)}"`), 413, "too_large"],
    ["ten megabytes, not announced", (url) => stream(url, 100, 100_000), 413, "too_large"],
    ["no JSON", (url) => post(url, "status=DELIVRD&id=5"), 400, "malformed"],
    ["JSON that ends early", (url) => post(url, receipt().slice(0, -1)), 400, "malformed"],
    ["JSON nested without end", (url) => post(url, "[".repeat(2_000_000)), 400, "malformed"],
    [
      "another charset",
      (url) => post(url, receipt(), { "content-type": "application/json; charset=utf-16" }),
      415,
      "not_text",
    ],
    [
      "bytes that are no UTF-8",
      (url) => post(url, new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])),
      415,
      "not_text",
    ],
    [
      "half a UTF-8 character",
      (url) => post(url, Buffer.from('{"update":"é').subarray(0, -1)),
      415,
      "not_text",
    ],
    [
      "an unknown provider",
      (url) => post(url.replace(/[0-9a-f-]{36}/, randomUUID()), receipt()),
      404,
      "unknown_provider",
    ],
    [
      "a malformed provider id",
      (url) => post(url.replace(/[0-9a-f-]{36}/, "1"), receipt()),
      404,
      "unknown_provider",
    ],
    [
      "an id that is SQL",
      (url) => post(url.replace(/[0-9a-f-]{36}/, "'or'1'='1"), receipt()),
      404,
      "unknown_provider",
    ],
    ["no provider", (url) => post(new URL("/callbacks", url).href, receipt()), 404, "unknown_provider"],
    ["a wrong secret", (url) => post(`${url.slice(0, -1)}!`, receipt()), 403, "wrong_secret"],
    ["half a secret", (url) => post(url.slice(0, -5), receipt()), 403, "wrong_secret"],
    ["no secret", (url) => post(url.replace(/[^/]+$/, ""), receipt()), 403, "wrong_secret"],
    ["GET", (url) => get(url), 405, "wrong_method"],
  ];

  it.each(refused)("%s", async (_, request, status, result) => {
    const url = await callbackUrlOf(app, providerId);
    const knows = !["unknown_provider"].includes(result);
    const name = `smsgraph_callbacks_total{result="${result}",provider="${knows && result !== "wrong_secret" && result !== "wrong_method" ? "TIKOSMS" : "none"}"}`;
    const [before, counted] = [await countRows(app), await readCounters(app, "smsgraph_callbacks_total")];
    const answer = await request(url);
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(/^[A-Z][^\n]*\.\n$/);
    expect(leakIn(answer)).toBeUndefined();
    expect(await countRows(app)).toEqual(before);
    const after = await readCounters(app, "smsgraph_callbacks_total");
    expect(after).toEqual({ ...counted, [name]: (counted[name] ?? 0) + 1 });
  });

  it("and a good one is taken afterwards", async () => {
    const id = await queueMessage(app, { from: "smsgraph" });
    const url = await callbackUrlOf(app, providerId);
    expect((await post(url, update({ client_ref: id, status: "DELIVRD" }))).status).toBe(200);
  });

  async function get(url: string): Promise<{ status: number; text: string }> {
    const response = await fetch(url);
    return { status: response.status, text: await response.text() };
  }

  async function stream(
    url: string,
    chunks: number,
    size: number,
  ): Promise<{ status: number; text: string }> {
    const body = Array.from({ length: chunks }, () => Buffer.alloc(size, "x"));
    const response = await fetch(url, { method: "POST", ...streamed(body) });
    return { status: response.status, text: await response.text() };
  }
});
