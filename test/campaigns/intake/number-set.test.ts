import { array, assert, integer, oneof, property } from "fast-check";
import { expect, it } from "vitest";
import { NumberSet } from "../../../src/campaigns/intake/number-set.ts";

it("a number set knows what was added, like a Set", () => {
  const number = oneof(integer({ min: 1, max: 500 }), integer({ min: 1, max: 999_999_999_999_999 }));
  assert(
    property(array(number, { maxLength: 3000, size: "max" }), (numbers) => {
      const set = new NumberSet();
      const known = new Set<number>();
      for (const one of numbers) {
        expect(set.add(one)).toBe(!known.has(one));
        known.add(one);
      }
    }),
    { numRuns: 50 },
  );
});

it("a number set holds a hundred thousand consecutive numbers, each once", () => {
  const set = new NumberSet();
  const first = 421_901_000_000;
  for (let number = first; number < first + 100_000; number++) expect(set.add(number)).toBe(true);
  for (let number = first; number < first + 100_000; number += 997) expect(set.add(number)).toBe(false);
});
