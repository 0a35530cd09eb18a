import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../../support/app.ts";
import { leakIn } from "../../support/leaks.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(async () => {
  await app.client.close();
  await app.stop();
});

const deep = 2_000;
const nested = (open: string, inner: string, close: string, depth = deep): string =>
  open.repeat(depth) + inner + close.repeat(depth);
const many = (count: number, write: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(" ");

const nodes = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
const send = "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { __typename } }";
const deepList: unknown = JSON.parse(nested("[", "1", "]"));
const deepObject: unknown = JSON.parse(nested('{"a":', "1", "}"));
/** Each fragment spreads the next one twice. */
const doubling = many(30, (n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`);

const requests: [what: string, query: string, words: RegExp, variables?: object][] = [
  [
    "a list literal nested 2,000 deep",
    `{ nodes(ids: ${nested("[", "1", "]")}) { id } }`,
    /nested more than \d+ deep/,
  ],
  [
    "an object literal nested 2,000 deep",
    `mutation { sendMessage(input: ${nested("{ a: ", "1", " }")}) { __typename } }`,
    /nested more than \d+ deep/,
  ],
  ["fields nested 2,000 deep", `{ ${nested("viewer { ", "keyName", " }")} }`, /nested more than \d+ deep/],
  [
    "a type of lists nested 2,000 deep",
    `query ($a: ${nested("[", "ID", "]")}) { viewer { keyName } }`,
    /nested more than/,
  ],
  [
    "a default value nested 2,000 deep",
    `query ($a: [ID] = ${nested("[", "1", "]")}) { viewer { keyName } }`,
    /nested/,
  ],
  ["inline fragments nested 2,000 deep", `{ ${nested("... { ", "__typename", " }")} }`, /nested more than/],
  [
    "a list in the variables nested 2,000 deep",
    nodes,
    /variables.* nested|expected|nested more/i,
    { ids: deepList },
  ],
  [
    "an object in the variables nested 2,000 deep",
    send,
    /nested|not defined|expected/i,
    { input: deepObject },
  ],
  [
    "an input with hundreds of fields that it does not have",
    send,
    /types of the operation's variables do not describe/,
    {
      input: Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`field${n}${"x".repeat(196)}`, n])),
    },
  ],
  [
    "a variable that is not used, nested 2,000 deep",
    "{ viewer { keyName } }",
    /variables are nested/,
    { x: deepList },
  ],
  [
    "five hundred directives at one field",
    `{ viewer ${"@include(if: true) ".repeat(500)} { keyName } }`,
    /include/,
  ],
  [
    "three hundred fields with a directive each",
    `{ ${many(300, (n) => `a${n}: __typename @include(if: true)`)} }`,
    /\d+ fields/,
  ],
  [
    "a directive that there is not, five hundred times",
    `{ viewer ${many(500, (n) => `@no${n}`)} { keyName } }`,
    /Unknown directive|Too many/,
  ],
  ["1,600 aliases", `{ ${many(1_600, (n) => `a${n}: __typename`)} }`, /1600 fields/],
  [
    "fragments that double thirty times",
    `{ ...F0 } ${doubling} fragment F30 on Query { __typename }`,
    /fields/,
  ],
  [
    "a fragment that spreads itself",
    "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    /itself|spread/,
  ],
  [
    "introspection whose lists are nested",
    `{ __schema { types { ${nested("fields { type { ", "name", " } }", 8)} } } }`,
    /introspection|deep/i,
  ],
  [
    "introspection of all types by many aliases",
    `{ ${many(40, (n) => `s${n}: __schema { types { name fields { name args { name type { name } } } } }`)} }`,
    /values|fields/,
  ],
  [
    "a field that contradicts itself hundreds of times",
    `{ ${many(380, (n) => `messages { edges { node { a: ${n % 2 ? "id" : "text"} } } }`)} }`,
    /same names too often/,
  ],
  [
    "hundreds of fragments with the same fields",
    `{ ${many(190, (n) => `...F${n}`)} } ${many(190, (n) => `fragment F${n} on Query { viewer { keyName } messages { edges { node { id } } } }`)}`,
    /same names too often/,
  ],
  [
    "fragments that spread the next two, three hundred times",
    `{ ...F0 } ${many(300, (n) => `fragment F${n} on Query { viewer { keyName } ...F${n + 1} ...F${n + 2} }`)} fragment F300 on Query { id } fragment F301 on Query { id }`,
    /same names too often/,
  ],
  ["a field name of 50 kB", `{ ${"x".repeat(50_000)} }`, /Cannot query field/],
  [
    "an alias of 50 kB for what is not there",
    `{ ${"x".repeat(50_000)}: nothing }`,
    /Cannot query field .{1,2}nothing/,
  ],
  ["a type name of 50 kB", `{ ... on ${"X".repeat(50_000)} { id } }`, /Unknown type/],
  ["a variable name of 50 kB", `{ node(id: $${"x".repeat(50_000)}) { id } }`, /not defined/],
  [
    "an enum value of 50 kB",
    `{ messages(filter: { status: ${"X".repeat(50_000)} }) { edges { cursor } } }`,
    /enum/,
  ],
  ["a string that does not end", `{ node(id: "${"x".repeat(50_000)}) { id } }`, /Unterminated string/],
  ["fifty thousand brackets", "{".repeat(50_000), /nested more than/],
  ["fifty thousand closing brackets", "}".repeat(50_000), /Syntax Error/],
  ["a number of 50,000 digits", `{ messages(first: ${"9".repeat(50_000)}) { edges { cursor } } }`, /Int/],
  [
    "1,200 variables",
    `query (${many(1_200, (n) => `$v${n}: ID`)}) { __typename }`,
    /never used|Too many|tokens/,
  ],
];

describe("too much is answered 400, in words and with a code:", () => {
  it.each(requests)(
    "a request with too much is answered 400, in words and with a code: %s",
    async (_what, query, words, variables) => {
      for (const [accept, key] of [
        ["application/graphql-response+json", app.key],
        ["application/graphql-response+json", undefined],
      ] as const) {
        const response = await fetch(`${app.url}/graphql`, {
          method: "POST",
          headers: {
            accept,
            "content-type": "application/json",
            ...(key !== undefined && { authorization: `Bearer ${key}` }),
          },
          body: JSON.stringify({ query, variables }),
        });
        const text = await response.text();
        const answer = JSON.parse(text) as { errors: { message: string }[] };
        expect(answer.errors.map(({ message }) => message).join("\n")).toMatch(words);
        expect(answer).not.toHaveProperty("data");
        expect(response.status).toBe(400);
        expect(text).toMatch(/"code":"(BAD_REQUEST|INVALID_INPUT|QUERY_TOO_COMPLEX)"/);
        expect(text).not.toContain("INTERNAL");
        expect(leakIn(answer)).toBeUndefined();
        // What comes in comes out once, shortened.
        expect(text.length).toBeLessThan(20_000);
      }
    },
  );

  it.each(requests)(
    "an operation with too much is refused over a WebSocket, in words and with a code: %s",
    async (_what, query, words, variables) => {
      const sent = app.client.socket().iterate({ query, variables: variables as Record<string, unknown> });
      const errors = await Array.fromAsync(sent).then(
        (results) => results.flatMap((result) => result.errors ?? []),
        (thrown: unknown) => thrown as { message: string }[],
      );
      const text = JSON.stringify(errors);
      expect(text).toMatch(words);
      expect(text).not.toContain("INTERNAL");
    },
  );
});

it("the process answers as before after all of that", async () => {
  expect(await app.client.data("{ __typename }")).toEqual({ __typename: "Query" });
  expect(app.log.join("")).not.toContain("an internal error");
});
