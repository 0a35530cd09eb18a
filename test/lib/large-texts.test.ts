import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { largeTexts } from "../../src/lib/large-texts.ts";

beforeEach(
  () => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] }),
);
afterEach(() => void vi.useRealTimers());

it("large texts are read one at a time, accounts in turn, with a rest as long as each took", async () => {
  const read: string[] = [];
  const reading = ["one", "one", "one", "two"].map(async (holder, text) => {
    await largeTexts.next(holder);
    // It keeps the process busy for a tenth of a second.
    vi.setSystemTime(Date.now() + 100);
    await vi.advanceTimersByTimeAsync(0);
    read.push(`${holder} ${text}`);
  });
  await vi.advanceTimersByTimeAsync(1_000);
  await Promise.all(reading);
  expect(read).toEqual(["one 0", "two 3", "one 1", "one 2"]);
});
