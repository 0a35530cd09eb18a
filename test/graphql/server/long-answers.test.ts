import { parse } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLongerThan } from "../../../src/graphql/guards/answer-size.ts";
import { planOf } from "../../../src/graphql/guards/operation-plan.ts";
import { schema } from "../../../src/graphql/schema/schema.ts";
import { maxAnswerLength } from "../../../src/graphql/schema/limits.ts";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { connectProvider } from "../../support/mutations.ts";

const costOf = (query: string): number => planOf(schema, parse(query), undefined)?.cost({}) ?? 0;

describe("what an operation costs", () => {
  it("a page costs its entries once, however its edges are written", () => {
    const one = costOf("{ messages(first: 1) { edges { node { id } } } }");
    const hundred = costOf("{ messages(first: 100) { edges { node { id } } } }");
    expect(hundred - 1).toBe((one - 1) * 100);
    expect(hundred).toBe(301);
  });

  it("the cost of texts is higher than that of short values, and a frame costs as many events as may come together", () => {
    const page = (field: string): number =>
      costOf(`{ messages(first: 100) { edges { node { ${field} } } } }`);
    expect(page("text")).toBeGreaterThan(page("status") * 3);
    const frame = costOf("subscription { messageEvents { ... on MessageEventBatch { events { id } } } }");
    expect(frame).toBeGreaterThan(100);
  });
});

describe("the length of an answer", () => {
  it.each<[unknown, number]>([
    ["x".repeat(500), 500],
    [Array.from({ length: 100 }, () => "x".repeat(10)), 1_000],
    [Object.assign(Object.create(null), { a: { b: [{ c: "x".repeat(900) }] } }), 900],
    [Array.from({ length: 1_000 }, (_, index) => index), 3_000],
  ])("the length of an answer is known before it is written: case %#", (answer, atLeast) => {
    expect(JSON.stringify(answer).length).toBeGreaterThanOrEqual(atLeast - 200);
    expect(isLongerThan(answer, atLeast * 0.9)).toBe(true);
    expect(isLongerThan(answer, JSON.stringify(answer).length * 4 + 100)).toBe(false);
  });

  it("the length of an empty answer is short", () => {
    for (const nothing of [undefined, null, {}, [], 0, false]) expect(isLongerThan(nothing, 10)).toBe(false);
  });
});

const aliases = Array.from({ length: 8 }, (_, index) => `t${index}: text`).join(" ");
const page = (first: number): string => `{ messages(first: ${first}) { edges { node { ${aliases} } } } }`;

describe("a running server", () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp({ runsWorker: false });
    await connectProvider(app.client, { defaultSender: "smsgraph" });
  });

  afterAll(async () => {
    await app.client.close();
    await app.stop();
  });

  const long = "x".repeat(30_000);
  const send = `mutation ($input: SendMessagesInput!) { sendMessages(input: $input) {
    ... on SendMessagesSuccess { results { ... on Message { ${aliases} } ... on Error { message } } } } }`;
  const input = { messages: Array.from({ length: 100 }, () => ({ to: "+421901000000", text: long })) };

  it("a change whose answer would be too long is made, and the answer says so", async () => {
    const { errors, data } = await app.client.send(send, { input });
    expect(errors).toMatchObject([
      { message: expect.stringMatching(/The changes were made/), extensions: { code: "QUERY_TOO_COMPLEX" } },
    ]);
    expect(data).toBeUndefined();
    expect(await app.services.database.prisma.message.count()).toBe(100);
  });

  it("a page whose texts are too long together is refused, over a WebSocket too, and half of it is answered", async () => {
    expect(30_000 * 8 * 100).toBeGreaterThan(maxAnswerLength);
    const refused = { errors: [{ extensions: { code: "QUERY_TOO_COMPLEX" } }] };
    expect(await app.client.send(page(100))).toMatchObject(refused);
    const [answer] = await Array.fromAsync(app.client.socket().iterate({ query: page(100) }));
    expect(answer).toMatchObject(refused);
    const { messages } = await app.client.data<{ messages: { edges: unknown[] } }>(page(20));
    expect(messages.edges).toHaveLength(20);
  });

  it("a thousand subscriptions of one socket start, however many are asked for at once", async () => {
    const client = app.client.socket();
    const query = "subscription { messageEvents { ... on CaughtUp { cursor } } }";
    const started = await Promise.all(
      Array.from({ length: 900 }, async () => {
        const stream = client.iterate({ query });
        return (await stream.next()).value as object;
      }),
    );
    expect(started.filter((answer) => "errors" in answer)).toEqual([]);
    await client.dispose();
  });
});
