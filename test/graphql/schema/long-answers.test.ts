import { setImmediate as nextTurn } from "node:timers/promises";
import { buildSchema, execute, parse, type ExecutionResult } from "graphql";
import { expect, it } from "vitest";
import { divideLongAnswers } from "../../../src/graphql/schema/long-answers.ts";

const schema = divideLongAnswers(
  buildSchema("type Query { entries: [Entry!]! later: [Entry!]! } type Entry { n: Int! child: Entry! }"),
);

const aliases = (count: number): string =>
  Array.from({ length: count }, (_, index) => `a${index}: n`).join(" ");

/** How many fields of children were made in the first turn of the event loop, how many after all, and the answer. */
async function run(query: string) {
  let made = 0;
  const entry = (n: number): object => ({
    n,
    child: async () => {
      await nextTurn();
      return { n: () => ((made += 1), n) };
    },
  });
  const entries = Array.from({ length: 1_000 }, (_, n) => entry(n));
  const answer = Promise.resolve(
    execute({
      schema,
      contextValue: {},
      document: parse(query),
      rootValue: { entries, later: () => entries },
    }),
  );
  await nextTurn();
  await nextTurn();
  const first = made;
  const { data, errors } = (await answer) as ExecutionResult<{ entries: { n: number }[] }>;
  expect(errors).toBeUndefined();
  return { first, made, numbers: data?.entries.map(({ n }) => n) };
}

const all = Array.from({ length: 1_000 }, (_, n) => n);

it("objects that were read together continue in several turns of the event loop", async () => {
  const { first, made, numbers } = await run(`{ entries { n child { ${aliases(10)} } } }`);
  expect(first).toBeLessThanOrEqual(1_000);
  expect(made).toBe(10_000);
  expect(numbers).toEqual(all);
});

it("a list of large entries is made in several turns of the event loop, in its order", async () => {
  let made = 0;
  const entries = all.map((n) => ({ n: () => ((made += 1), n) }));
  const document = parse(`{ entries { n ${aliases(60)} } }`);
  const answer = Promise.resolve(execute({ schema, contextValue: {}, document, rootValue: { entries } }));
  await nextTurn();
  expect(made).toBeLessThanOrEqual(2_000);
  const { data } = (await answer) as ExecutionResult<{ entries: { n: number }[] }>;
  expect(data?.entries.map(({ n }) => n)).toEqual(all);
  expect(made).toBe(61_000);
});
