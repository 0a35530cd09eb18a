import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeId } from "../../../src/lib/global-id.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { callbackUrlOf, countRows, post, queueMessage, update } from "../../support/callbacks.ts";
import { GraphqlClient } from "../../support/graphql-client.ts";
import { leakIn } from "../../support/leaks.ts";
import { advice, connectProvider, mutate, nobody, outcome, type Outcome } from "../../support/mutations.ts";

let app: TestApp;
let providerId: string;
let foreignProviderId: string;
let disabledProviderId: string;

const send = (input: object): Promise<Outcome> =>
  mutate(app.client, "sendMessage", "SendMessageInput!", {
    to: "+421901000000",
    text: "Hello",
    from: "smsgraph",
    ...input,
  });

const cancel = (id: string): Promise<Outcome> => mutate(app.client, "cancelMessage", "ID!", id);

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
  await app.stop();
});

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

type Case = [what: string, input: object, code: string, words: RegExp];

const lengthAdvice = /must have 1 to 255 characters/;

const refusedMessages: Case[] = [
  ["a recipient that is no number", { to: "hello" }, "INVALID_PHONE_NUMBER", advice.number],
  ["an empty recipient", { to: " " }, "INVALID_PHONE_NUMBER", advice.number],
  ["a number of no country", { to: "+999123456789" }, "INVALID_PHONE_NUMBER", advice.number],
  ["a number that is no country's", { to: "+80012345678" }, "INVALID_PHONE_NUMBER", advice.number],
  ["a national number", { to: "0901 000 000" }, "INVALID_PHONE_NUMBER", advice.number],
  ["too short a number", { to: "+42190" }, "INVALID_PHONE_NUMBER", advice.number],
  ["too long a number", { to: "+4219010000001234" }, "INVALID_PHONE_NUMBER", advice.number],
  ["two plus signs", { to: "++421901000000" }, "INVALID_PHONE_NUMBER", advice.number],
  ["two numbers", { to: "+421901000000, +421901000001" }, "INVALID_PHONE_NUMBER", advice.number],
  ["a number with an extension", { to: "+421901000000 ext. 5" }, "INVALID_PHONE_NUMBER", advice.number],
  ["a number with a NUL", { to: "+42190\x001000000" }, "INVALID_PHONE_NUMBER", advice.number],
  ["a number of a megabyte", { to: "+".padEnd(1_000_000, "1") }, "INVALID_PHONE_NUMBER", advice.number],

  ["no text", { text: "" }, "INVALID_TEXT", /empty\. Write one/],
  ["a blank text", { text: " \n\t\u00a0" }, "INVALID_TEXT", /empty\. Write one/],
  [
    "a text of a million letters to be rewritten",
    { text: "ž".repeat(1_000_000), encoding: "GSM7" },
    "INVALID_TEXT",
    /segments in UCS2/,
  ],
  [
    "too long a text",
    { text: "x".repeat(255 * 153 + 1) },
    "INVALID_TEXT",
    /256 segments.*at most 255\. Shorten it/,
  ],
  ["a NUL in the text", { text: "a\0b" }, "INVALID_TEXT", advice.unstorable],
  ["half a surrogate pair in the text", { text: "a\ud800b" }, "INVALID_TEXT", advice.unstorable],
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
  ["a NUL in the sender", { from: "a\0" }, "INVALID_INPUT", advice.unstorable],
  ["half a surrogate pair in the sender", { from: "\udc00" }, "INVALID_INPUT", advice.unstorable],

  ["an empty reference", { clientRef: "" }, "INVALID_INPUT", lengthAdvice],
  ["too long a reference", { clientRef: "x".repeat(256) }, "INVALID_INPUT", lengthAdvice],
  ["a NUL in the reference", { clientRef: "a\0" }, "INVALID_INPUT", advice.unstorable],
  ["half a surrogate pair in the reference", { clientRef: "\ud800" }, "INVALID_INPUT", advice.unstorable],
  ["an empty idempotency key", { idempotencyKey: "" }, "INVALID_INPUT", lengthAdvice],
  ["too long an idempotency key", { idempotencyKey: "x".repeat(256) }, "INVALID_INPUT", lengthAdvice],
  ["a NUL in the idempotency key", { idempotencyKey: "a\0b" }, "INVALID_INPUT", advice.unstorable],
  [
    "half a surrogate pair in the idempotency key",
    { idempotencyKey: "\ud800" },
    "INVALID_INPUT",
    advice.unstorable,
  ],
  ["a NUL in the template", { dltTemplateId: "a\0b" }, "INVALID_INPUT", advice.unstorable],
  ["a NUL in the cadence group", { cadenceGroupId: "a\0b" }, "INVALID_INPUT", advice.unstorable],

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
    /Give a future time, or leave it out/,
  ],
  ["a time too far ahead", { scheduledAt: inDays(367) }, "INVALID_SCHEDULE", /Give an earlier time/],

  [
    "a validity period longer than we hold one, with no provider that has one",
    { validityMinutes: 4_321 },
    "INVALID_INPUT",
    /validityMinutes must be 1 to 4320/,
  ],
  ["a flash message, with no provider that has them", { flash: true }, "NO_ROUTE", /`flash`.*Leave it out/],
];

describe("input that sendMessage refuses", () => {
  it.each(refusedMessages)("sendMessage refuses %s, and stores nothing", async (_, input, code, words) => {
    const before = await countRows(app);
    const refused = await send(input);
    expect(refused).toMatchObject({
      __typename: expect.stringMatching(/^\w+Error$/),
      code,
      message: expect.stringMatching(words),
    });
    expect(leakIn(refused)).toBeUndefined();
    expect(await countRows(app)).toEqual(before);
  });

  it.each([
    ["a flash message", { flash: true }, "flash"],
    ["UCS-2 where GSM-7 would do", { encoding: "UCS2" }, "encoding"],
    ["a cadence group", { cadenceGroupId: "1" }, "cadenceGroupId"],
    ["a template", { dltTemplateId: "1" }, "dltTemplateId"],
  ])("sendMessage refuses %s when the named provider has no such feature", async (_, input, feature) => {
    const refused = await send({ ...input, providerId });
    expect(refused).toMatchObject({
      __typename: "UnsupportedFeatureError",
      code: "UNSUPPORTED_FEATURE",
      message: `TikoSMS cannot do what \`${feature}\` asks for. Leave it out, or choose another provider.`,
    });
  });

  it("sendMessage refuses a provider that is disabled or of another account, naming the given id", async () => {
    for (const id of [foreignProviderId, disabledProviderId]) {
      const refused = await send({ providerId: id });
      expect(refused).toMatchObject({ __typename: "NotFoundError", code: "NOT_FOUND", id });
      expect(refused.message).toContain(`There is no enabled provider with the id ${id} in this account.`);
    }
  });

  it("sendMessage is refused for an account without a provider", async () => {
    const client = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
    const input = { to: "+421901000000", text: "Hello" };
    expect(await mutate(client, "sendMessage", "SendMessageInput!", input)).toMatchObject({
      __typename: "NoRouteError",
      code: "NO_ROUTE",
      message: expect.stringContaining("Connect one with `connectProvider`"),
    });
  });

  it("sendMessage refuses a used idempotency key with another input, and names its message", async () => {
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

  it("sendMessage errors have all their fields", async () => {
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
  it.each([0, 1001])("sendMessages with %i messages is refused as a whole", async (count) => {
    const before = await countRows(app);
    const { sendMessages } = await sendAll(Array.from({ length: count }, () => good));
    expect(sendMessages).toEqual({
      __typename: "InvalidInputError",
      code: "INVALID_INPUT",
      message: `Give 1 to 1000 messages, not ${count}.`,
    });
    expect(await countRows(app)).toEqual(before);
  });

  it("sendMessages accepts the valid messages and explains each other one, in the order given", async () => {
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

  it("sendMessages with an invalid common provider refuses the messages that name none", async () => {
    const { sendMessages } = await sendAll([good, { ...good, providerId }], { providerId: "5" });
    expect(sendMessages.results?.map(({ __typename }) => __typename)).toEqual([
      "InvalidInputError",
      "Message",
    ]);
  });
});

describe("cancelMessage", () => {
  it("cancelMessage refuses an id that is no message of this account", async () => {
    expect(await cancel("nonsense")).toMatchObject({ code: "INVALID_ID", field: "id" });
    expect(await cancel(providerId)).toMatchObject({ code: "INVALID_ID" });
    expect(await cancel(nobody("Message"))).toMatchObject({ code: "NOT_FOUND" });
    const other = new GraphqlClient(app.url, await app.createKey(undefined, await app.createAccount()));
    const id = encodeId("Message", await queueMessage(app, { from: "smsgraph" }));
    expect(await mutate(other, "cancelMessage", "ID!", id)).toMatchObject({ code: "NOT_FOUND", id });
  });

  it("cancelMessage refuses a final message, and leaves it unchanged", async () => {
    const id = await queueMessage(app, { from: "smsgraph" });
    await post(await callbackUrlOf(app, providerId), update({ client_ref: id, status: "DELIVRD" }));
    expect(await cancel(encodeId("Message", id))).toMatchObject({
      __typename: "NotCancellableError",
      code: "NOT_CANCELLABLE",
      message:
        "Only a SCHEDULED or QUEUED message can be cancelled; this one is DELIVERED. What was submitted cannot be taken back.",
    });
  });
});
