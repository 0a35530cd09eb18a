import { expect, it } from "vitest";
import { JsonValues } from "../../src/lib/json-values.ts";

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
