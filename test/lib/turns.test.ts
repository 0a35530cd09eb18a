import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { Turns } from "../../src/lib/turns.ts";

it("of a thousand parts that ask at once a few begin in each turn of the event loop, in their order", async () => {
  const turns = new Turns();
  const begun: number[] = [];
  const parts = Array.from({ length: 1_000 }, async (_, part) => {
    await turns.next(100);
    begun.push(part);
  });
  for (let before = 0; begun.length < 1_000; before = begun.length) {
    await nextTurn();
    expect(begun.length - before).toBeLessThanOrEqual(10);
  }
  await Promise.all(parts);
  expect(begun).toEqual(Array.from({ length: 1_000 }, (_, part) => part));
});
