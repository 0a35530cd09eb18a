import { expect, it } from "vitest";
import { Batcher, type Patience } from "../../src/lib/batcher.ts";
import { BusyError, OutcomeUnknownError } from "../../src/lib/errors.ts";

it("a batch takes whole items up to its size, and a larger item goes alone", async () => {
  const batches: number[][] = [];
  const note = async (sizes: number[]): Promise<number[]> => {
    batches.push(sizes);
    return sizes;
  };
  const batcher = new Batcher(note, 10, 1, (size: number) => size);
  const sizes = [4, 6, 1, 25, 3, 7, 1];
  expect(await Promise.all(sizes.map((size) => batcher.add(size)))).toEqual(sizes);
  expect(batches).toEqual([[4, 6], [1], [25], [3, 7], [1]]);
});

it("only so many batches run at once, and each item gets its own answer or the error of its batch", async () => {
  let running = 0;
  let most = 0;
  const work = async (items: number[]): Promise<number[]> => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => void setImmediate(resolve));
    running--;
    if (items.includes(5)) throw new Error("five");
    return items.map((item) => item * 2);
  };
  const batcher = new Batcher(work, 2, 2);
  const results = await Promise.allSettled([1, 2, 3, 4, 5, 6, 7].map((item) => batcher.add(item)));
  const shown = results.map((one) => (one.status === "fulfilled" ? one.value : "failed"));
  expect(shown).toEqual([2, 4, 6, 8, "failed", "failed", 14]);
  expect(most).toBe(2);
});

/** A batcher whose batches end when the test says so. */
function stuckBatcher(patience: Patience<number>) {
  const gate = Promise.withResolvers<void>();
  const batches: number[][] = [];
  const batcher = new Batcher<number, number>(
    async (items) => {
      batches.push(items);
      await gate.promise;
      return items;
    },
    2,
    1,
    undefined,
    patience,
  );
  return { batcher, batches, gate };
}

const forever = { waitMs: 1e9, answerMs: 1e9 };

it("a batcher refuses at once what is more than may wait, and does the rest when it can", async () => {
  const { batcher, batches, gate } = stuckBatcher({ maxWaiting: 3, ...forever });
  const first = [batcher.add(1), batcher.add(2)];
  await expect.poll(() => batches.length).toBe(1);
  const waiting = [batcher.add(3), batcher.add(4), batcher.add(5)];
  await expect(batcher.add(6)).rejects.toThrow(BusyError);
  gate.resolve();
  expect(await Promise.all([...first, ...waiting])).toEqual([1, 2, 3, 4, 5]);
  expect(batches).toEqual([[1, 2], [3, 4], [5]]);
  expect(await batcher.add(7)).toBe(7);
});

it("a batcher refuses what waits for too long, and never does it", async () => {
  const { batcher, batches, gate } = stuckBatcher({ maxWaiting: 100, waitMs: 1, answerMs: 1e9 });
  const first = batcher.add(1);
  await expect.poll(() => batches.length).toBe(1);
  await expect(batcher.add(2)).rejects.toThrow(BusyError);
  gate.resolve();
  expect(await first).toBe(1);
  expect(await batcher.add(3)).toBe(3);
  expect(batches).toEqual([[1], [3]]);
});

it("a batcher tells whoever waits too long for work under way that its outcome is not known", async () => {
  const { batcher, gate } = stuckBatcher({ maxWaiting: 100, waitMs: 1e9, answerMs: 1 });
  await expect(batcher.add(1)).rejects.toThrow(OutcomeUnknownError);
  gate.resolve();
});

it("a batcher counts what waits by its weight", async () => {
  const { batcher, batches, gate } = stuckBatcher({ maxWaiting: 10, weigh: (item) => item, ...forever });
  const first = batcher.add(9);
  await expect.poll(() => batches.length).toBe(1);
  const second = batcher.add(8);
  await expect(batcher.add(3)).rejects.toThrow(BusyError);
  const third = batcher.add(2);
  gate.resolve();
  expect(await Promise.all([first, second, third])).toEqual([9, 8, 2]);
});
