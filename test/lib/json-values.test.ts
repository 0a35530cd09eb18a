import { array, assert, constantFrom, integer, property, record } from "fast-check";
import { expect, it } from "vitest";
import { excessIn, JsonValues } from "../../src/lib/json-values.ts";

const countOf = (json: string): number => new JsonValues().add(Buffer.from(json));

it.each([
  ["{}", 2],
  ["[{},{},{}]", 7],
  ['{"a":1,"b":[1,2,3]}', 6],
  ['{"text":"a, b, {c}, [d]"}', 2],
  [String.raw`{"text":"a \"quoted\", comma\\","b":1}`, 3],
])("the values in %s are counted", (json, count) => {
  expect(countOf(json)).toBe(count);
});

it("the count is the same however the bytes arrive", () => {
  const json = JSON.stringify(
    Array.from({ length: 50 }, (_, n) => ({ to: `+42190${n}`, values: { name: `"${n}",\\` } })),
  );
  const values = new JsonValues();
  for (const byte of Buffer.from(json)) values.add(Uint8Array.of(byte));
  expect(values.add(new Uint8Array())).toBe(countOf(json));
});

it("long texts with anything in them are passed over as they are", () => {
  const text = array(constantFrom('"', "\\", "{", "}", "[", "]", ",", ":", "a", "ž", "a".repeat(40)), {
    maxLength: 60,
  }).map((pieces) => pieces.join(""));
  const list = array(record({ [`name"`]: text, other: array(text, { minLength: 1 }) }), { minLength: 1 });
  assert(
    property(list, integer({ min: 1, max: 100 }), (rows, size) => {
      const json = Buffer.from(JSON.stringify(rows));
      const values = new JsonValues();
      for (let from = 0; from < json.length; from += size) values.add(json.subarray(from, from + size));
      // One for the document, and one for each list, object and comma.
      const entries = rows.reduce((sum, { other }) => sum + other.length, 0);
      expect(values.add(Buffer.alloc(0))).toBe(1 + 3 * rows.length + entries);
      expect(values.mostFields).toBe(2);
    }),
  );
});

it.each([
  ["{}", 0],
  ['{"a":1,"b":{"c":2,"d":{"e":":,:"},"f":4},"g":[{"h":5},{"i":6,"j":7}]}', 3],
  ["[1,2,3,4]", 0],
  [`{"deep":${"[".repeat(2_000)}{"a":1,"b":2,"c":3}${"]".repeat(2_000)},"last":1}`, 3],
  [`{${Array.from({ length: 500 }, (_, n) => `"a${n}":{"b":1}`).join(",")}}`, 500],
])("the fields of the largest object in %.60s are counted", (json, count) => {
  const values = new JsonValues();
  for (const byte of Buffer.from(json)) values.add(Uint8Array.of(byte));
  expect(values.mostFields).toBe(count);
});

const objectOf = (names: readonly string[]): string =>
  `{${names.map((name) => `"${name}":"${"a".repeat(20)}"`).join(",")}}`;
const manyOf = (count: number, namesOf: (index: number) => readonly string[]): string =>
  `[${Array.from({ length: count }, (_, index) => objectOf(namesOf(index))).join(",")}]`;

const shapes = "more than 20000 different beginnings of objects";
const wide = "more than 50000 fields beyond the hundredth of objects, or with numbers as names";
const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `name${n}`);
const lists = (count: number, depth: number): string =>
  `[${Array.from({ length: count }, () => "[".repeat(depth) + "]".repeat(depth)).join(",")}]`;

it.each([
  ["names that are all different", shapes, manyOf(3_000, (n) => names(10).map((name) => `${n}${name}`))],
  [
    "the same names in many orders",
    shapes,
    manyOf(30_000, (n) => [n % 2, n % 3, n % 5, n % 7, n % 11, n % 13].map((part, m) => `${m}${part}`)),
  ],
  ["objects of many fields", wide, manyOf(60, () => names(1_000))],
  ["one name many times", wide, manyOf(60, () => names(1_000).fill("name"))],
  ["numbers as names", wide, manyOf(1_000, () => Array.from({ length: 60 }, (_, n) => `${n * 1_000}`))],
  ["a list of texts", "a list of more than 250000 entries", JSON.stringify(names(250_001))],
  ["empty lists", "more than 300000 lists and objects", lists(150_001, 2)],
  ["lists in lists", "more than 10000 lists and objects within eight others", lists(2_000, 20)],
])("what takes long to read is noticed: %s", (_what, excess, json) => {
  expect(excessIn(json)).toBe(excess);
});

it.each([
  ["objects of the same names", manyOf(30_000, () => ["to", "text", "reference"])],
  ["many objects of a hundred fields", manyOf(5_000, () => names(100))],
  ["an object of many fields", objectOf(names(40_000))],
  ["different texts", JSON.stringify(Array.from({ length: 100_000 }, String))],
  ["many lists in a few others", lists(100_000, 2)],
  ["a hundred lists in each other", lists(100, 100)],
])("what does not is let pass: %s", (_what, json) => {
  expect(excessIn(json)).toBeUndefined();
});
