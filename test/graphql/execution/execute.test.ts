import * as fc from "fast-check";
import { buildSchema, execute, parse, validate, type ExecutionArgs, type ExecutionResult } from "graphql";
import { expect, it } from "vitest";
import { executeByPlan, maxErrors } from "../../../src/graphql/execution/execute.ts";
import { runs } from "../../support/runs.ts";
import { RandomTree } from "./random-tree.ts";

const schema = buildSchema(`
  interface Named { name: String }
  enum Kind { OAK ASH }
  input On { at: Int! }
  type Leaf implements Named { name: String, size: Int!, sized(by: Int = 2, on: On): Int!, kind: Kind }
  type Branch implements Named {
    name: String, one: Leaf, must: Leaf!, all: [Leaf!]!, some: [Leaf], any: [Any!], named: Named, table: [[Int]!]
  }
  union Any = Leaf | Branch
  type Query { branch: Branch, branches: [Branch!]!, some: [Branch], leaf: Leaf!, any: Any, stream: [Leaf] }
  type Mutation { first: Int, second: Int }
`);

/** The fields of the query read their values from the context, as the functions of a service would. */
for (const field of Object.values(schema.getQueryType()?.getFields() ?? {}))
  field.resolve = (_root, _args, context: Record<string, unknown>) => {
    const value = context[field.name];
    return typeof value === "function" ? (value as () => unknown)() : value;
  };

const ofLeaf = fc.constantFrom(
  "{ name size sized kind }",
  "{ kind __typename name }",
  "{ a: sized(by: 3) b: sized(by: $by, on: { at: $by }) c: sized(on: { at: 1 }) }",
  "{ ...L again: name ...L }",
  "{ ... on Leaf { size } ... on Named { name } ... { kind } }",
);

const ofBranch = fc
  .tuple(fc.subarray(["one", "must", "all", "some"], { minLength: 1 }), ofLeaf)
  .map(([names, leaf]) => {
    const below = names.map((name) => `${name} ${leaf}`).join(" ");
    return `{ __typename ${below} ${names[0]} { name } any { ... on Leaf ${leaf} } named { name ... on Leaf { size } } table }`;
  });

const queries = fc
  .tuple(fc.subarray(["branch", "branches", "some"]), ofBranch, ofLeaf)
  .map(([names, branch, leaf]) => {
    const below = names.map((name) => `${name} ${branch}`).join(" ");
    return `query ($by: Int! = 4) { ${below} leaf ${leaf} any { __typename ... on Branch { ...B } } stream ${leaf} }
      fragment L on Leaf { name size }
      fragment B on Branch { name all { ...L } sum: table }`;
  });

type Execute = (args: ExecutionArgs) => unknown;

async function answer(run: Execute, query: string, seed: number): Promise<ExecutionResult> {
  const document = parse(query);
  const contextValue = new RandomTree(seed).root();
  return (await run({ schema, document, contextValue, variableValues: {} })) as ExecutionResult;
}

it("a query gets the same data by its plan as by graphql-js, whatever is missing, late or fails", async () => {
  await fc.assert(
    fc.asyncProperty(queries, fc.nat(), async (query, seed) => {
      expect(validate(schema, parse(query)).filter(({ message }) => !message.includes("never used"))).toEqual(
        [],
      );
      const planned = await answer(executeByPlan, query, seed);
      const other = await answer(execute, query, seed);
      expect(JSON.stringify(planned.data), query).toBe(JSON.stringify(other.data));
      expect(planned.errors === undefined, query).toBe(other.errors === undefined);
    }),
    runs(300),
  );
});

it("an error of a query says where it happened, with the original error, in the order of the answer", async () => {
  const fails = new Error("fails");
  const contextValue = { branch: { some: [{ name: "one" }, { name: fails }, fails], one: { name: fails } } };
  const document = parse("{ branch { some { name } one { name } } any { __typename } }");
  const { data, errors = [] } = (await executeByPlan({ schema, document, contextValue })) as ExecutionResult;
  expect(data).toEqual({
    branch: { some: [{ name: "one" }, { name: null }, null], one: { name: null } },
    any: null,
  });
  expect(errors.map(({ path }) => path?.join("."))).toEqual([
    "branch.some.1.name",
    "branch.some.2",
    "branch.one.name",
  ]);
  expect(errors.every(({ originalError }) => originalError === fails)).toBe(true);
});

it("what fails beside something that is waited for fails only once that has ended", async () => {
  const order: string[] = [];
  const late = async (): Promise<never> => {
    await new Promise((resolve) => void setImmediate(resolve));
    order.push("the late one has failed");
    throw new Error("late");
  };
  const contextValue = { branch: { one: late, must: new Error("at once") } };
  const document = parse("{ branch { one { name } must { name } } }");
  const { data, errors } = (await executeByPlan({ schema, document, contextValue })) as ExecutionResult;
  expect(order).toEqual(["the late one has failed"]);
  expect(data).toEqual({ branch: null });
  expect(errors?.at(-1)?.path).toEqual(["branch", "must"]);
});

it.each([
  ["a subscription", "subscription { first }"],
  ["several changes", "mutation { first second }"],
  ["a question about the schema", "{ __schema { description } }"],
  ["a directive", "query ($with: Boolean!) { any @include(if: $with) { __typename } }"],
  ["a name that an object cannot have", "{ __proto__: any { __typename } }"],
])("%s is not executed by a plan", (_, query) => {
  expect(executeByPlan({ schema, document: parse(query), variableValues: {} })).toBeUndefined();
});

it("a variable that is wrong is told as graphql tells it, and of many a few", () => {
  const document = parse("query ($by: Int!) { leaf { sized(by: $by) } }");
  const args = { schema, document, variableValues: {} };
  expect(executeByPlan(args)).toEqual(execute(args));
  const names = Array.from({ length: 20 }, (_, index) => `by${index}`);
  const many = parse(
    `query (${names.map((name) => `$${name}: Int!`).join(" ")}) { leaf { ${names.map((name) => `${name}: sized(by: $${name})`).join(" ")} } }`,
  );
  const { errors } = executeByPlan({ schema, document: many, variableValues: {} }) as ExecutionResult;
  expect(errors).toHaveLength(maxErrors + 1);
  expect(errors?.at(-1)?.message).toMatch(/Too many errors/);
});
