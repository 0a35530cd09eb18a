import { expect, test } from "vitest";
import { SharedGate } from "../../src/lib/gate.ts";

/** Work that ends when it is told to. */
function startWork(gate: SharedGate, owner: string, begun: string[]) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const ended = gate.run(owner, () => {
    begun.push(owner);
    return promise;
  });
  return {
    async end() {
      resolve();
      await ended;
    },
  };
}

test("of places that are shared, one owner has half at most, and those who wait take turns", async () => {
  const gate = new SharedGate(4);
  const begun: string[] = [];
  const hanging = Array.from({ length: 10 }, () => startWork(gate, "hangs", begun));
  expect(begun).toEqual(["hangs", "hangs"]);
  const first = startWork(gate, "a", begun);
  const second = startWork(gate, "b", begun);
  const waiting = ["a", "b", "a"].map((owner) => startWork(gate, owner, begun));
  expect(begun).toEqual(["hangs", "hangs", "a", "b"]);
  await first.end();
  await second.end();
  expect(begun.slice(4)).toEqual(["a", "b"]);
  await hanging[0]?.end();
  expect(begun.slice(6)).toEqual(["hangs"]);
  await waiting[0]?.end();
  expect(begun.slice(7)).toEqual(["a"]);
});
