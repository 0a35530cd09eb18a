import { expect, it } from "vitest";
import { hasOddShapes, JsonValues } from "../../src/lib/json-values.ts";

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

it.each([
  [
    "names that are all different",
    true,
    manyOf(3_000, (n) => Array.from({ length: 10 }, (_, m) => `${n}-${m}`)),
  ],
  [
    "the same names in many orders",
    true,
    manyOf(30_000, (n) => [n % 2, n % 3, n % 5, n % 7, n % 11, n % 13].map((part, m) => `${m}${part}`)),
  ],
  ["the same names", false, manyOf(30_000, () => ["to", "text", "reference"])],
  ["one with many fields", false, objectOf(Array.from({ length: 100_000 }, (_, n) => `id ${n}`))],
  [
    "different texts",
    false,
    manyOf(1, () => ["a"]).replace("aaaa", Array.from({ length: 50_000 }, String).join()),
  ],
])("objects that begin in too many ways are noticed: %s", (_what, isOdd, json) => {
  expect(hasOddShapes(json)).toBe(isOdd);
});

it.each([
  ["few with many fields", true, 60, 1_000],
  ["many with few", false, 5_000, 99],
])("the fields of wide objects are counted together: %s", (_what, isWide, objects, fields) => {
  const values = new JsonValues();
  values.add(Buffer.from(manyOf(objects, () => Array.from({ length: fields }, (_, n) => `n${n}`))));
  expect(values.isWide).toBe(isWide);
});
