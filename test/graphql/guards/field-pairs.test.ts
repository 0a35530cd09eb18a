import { parse } from "graphql";
import { expect, it } from "vitest";
import { hasMorePairs } from "../../../src/graphql/guards/field-pairs.ts";

const many = (count: number, write: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => write(index)).join(" ");

/** Each selected field counts once, and each pair of one name. */
const costs: [what: string, document: string, cost: number][] = [
  ["a field", "{ a }", 1],
  ["two fields", "{ a b }", 2],
  ["a field twice", "{ a a }", 3],
  ["two fields under one name", "{ x: a x: b }", 3],
  ["a field four times, with one inside", `{ ${"a { b } ".repeat(4)} }`, 4 + 6 + 4 + 6],
  ["inline fragments", "{ a ... { a } }", 3 + 1],
  ["each operation", "query A { a } query B { a }", 2],
  ["a fragment, which counts itself too", "{ a ...F } fragment F on Query { a }", 3 + 1 + 1],
  ["a fragment twice", "{ ...F ...F } fragment F on Query { a }", 3 + 1],
  ["a fragment that is not there", "{ ...F a }", 2],
];

it.each(costs)("validation is known beforehand to compare so much: %s", (_, document, cost) => {
  expect(hasMorePairs(parse(document), cost - 1)).toBe(true);
  expect(hasMorePairs(parse(document), cost)).toBe(false);
});

it("fragments that spread themselves, at once or further in, are counted to an end", () => {
  for (const inner of ["...F", "a { ...F }", "a { a { ...F } ...F }"])
    expect(hasMorePairs(parse(`{ ...F } fragment F on Query { ${inner} }`), 1_000)).toBeTypeOf("boolean");
});

it("what many fragments of a page ask for is not too much", () => {
  const fields = "id status to text updatedAt";
  const page = `{ messages { edges { node { ${many(60, (n) => `...F${n}`)} } } } }`;
  const document = `${page} ${many(60, (n) => `fragment F${n} on Message { ${fields} }`)}`;
  expect(hasMorePairs(parse(document), 20_000)).toBe(false);
});
