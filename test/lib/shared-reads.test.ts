import { expect, it } from "vitest";
import { SharedReads } from "../../src/lib/shared-reads.ts";

it("a shared read serves all who ask together, and runs again for callers that come after it has begun", async () => {
  const begun: PromiseWithResolvers<number>[] = [];
  const reads = new SharedReads(String, () => {
    const read = Promise.withResolvers<number>();
    begun.push(read);
    return read.promise;
  });
  const together = [reads.ask("page"), reads.ask("page")];
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(begun).toHaveLength(1);
  const later = [reads.ask("page"), reads.ask("page")];
  const other = reads.ask("another page");
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(begun).toHaveLength(2);
  begun[0]?.resolve(1);
  begun[1]?.resolve(2);
  expect(await Promise.all(together)).toEqual([1, 1]);
  expect(await other).toBe(2);
  await new Promise(setImmediate);
  begun[2]?.resolve(3);
  expect(await Promise.all(later)).toEqual([3, 3]);
});

it("a shared read that fails fails only for those who asked for it", async () => {
  let reading = 0;
  const reads = new SharedReads(String, async (name: string) => {
    if (name === "broken" && reading++ === 0) throw new Error("away");
    return name;
  });
  const answers = await Promise.allSettled([reads.ask("broken"), reads.ask("broken"), reads.ask("whole")]);
  expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"]);
  expect(await reads.ask("broken")).toBe("broken");
});
