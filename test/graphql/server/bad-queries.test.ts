import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { leakIn } from "../../support/leaks.ts";
import { advice, nobody, outcome } from "../../support/mutations.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
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

const ids = (count: number): string => JSON.stringify(Array.from({ length: count }, () => nobody("Message")));

describe("a query is refused with a code for", () => {
  const page = "edges { node { id } }";
  const timelines = `events(first: 100) { edges { node { message { ${"id ".repeat(30)} } } } }`;
  const deep = `${"... on Message { provider { messages { edges { node { ".repeat(4)} id ${"} } } } }".repeat(4)}`;
  const cursor = /exactly as an earlier answer gave it, or leave it out/;
  const size = /must be 0 to 100, not -?\d+\. Read further pages/;
  const refused: [what: string, query: string, code: string, words: RegExp][] = [
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
      "an event's id without its place in the log",
      `{ node(id: "${btoa("MessageEvent:12")}") { id } }`,
      "INVALID_ID",
      /exactly as an answer gave it/,
    ],
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
    [
      "a reference with a NUL",
      '{ message(clientRef: "\\u0000") { id } }',
      "INVALID_INPUT",
      advice.unstorable,
    ],
    [
      "a filter with a NUL",
      `{ messages(filter: { clientRef: "\\u0000" }) { ${page} } }`,
      "INVALID_INPUT",
      advice.unstorable,
    ],
    [
      "a filter that is no number",
      `{ messages(filter: { to: "x" }) { ${page} } }`,
      "INVALID_PHONE_NUMBER",
      advice.number,
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
      /is not a time/,
    ],
  ];

  it.each(refused)("a query is refused with a code for %s", async (_, query, code, words) => {
    const { errors } = await app.client.send(query);
    expect(errors).toMatchObject([{ message: expect.stringMatching(words), extensions: { code } }]);
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
  ])("variables are refused with a code for %s", async (_, variables) => {
    const document = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { ${outcome} } }`;
    const { errors, data } = await app.client.send(document, variables);
    expect(errors).toMatchObject([
      { message: expect.stringContaining("input"), extensions: { code: "BAD_REQUEST" } },
    ]);
    expect(data).toBeUndefined();
    expect(leakIn(errors)).toBeUndefined();
  });

  it("connectProvider refuses no provider kind, and several at once", async () => {
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
  ])("a subscription refuses %s to start from", async (_, variables, code) => {
    const document = `subscription ($filter: MessageEventFilter, $after: Cursor) {
      messageEvents(filter: $filter, after: $after) { __typename }
    }`;
    const [first] = await firstOf(app.client.subscribe(document, variables));
    expect(first).toMatchObject([{ extensions: { code } }]);
    expect(leakIn(first)).toBeUndefined();
  });

  it("watching a message that does not exist is refused with a code", async () => {
    const document = "subscription ($id: ID!) { messageChanged(id: $id) { id } }";
    for (const [id, code] of [
      [nobody("Message"), "NOT_FOUND"],
      ["x", "INVALID_ID"],
    ]) {
      const [first] = await firstOf(app.client.subscribe(document, { id }));
      expect(first).toMatchObject([{ extensions: { code } }]);
    }
  });
});
