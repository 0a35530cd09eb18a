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
