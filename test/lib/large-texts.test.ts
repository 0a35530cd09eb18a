import { expect, it } from "vitest";
import { BusyError } from "../../src/lib/errors.ts";
import { turnToRead } from "../../src/lib/large-texts.ts";

/** Keeps the process busy. */
function work(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

it("large texts are read one at a time, accounts in turn, with a rest as long as each took", async () => {
  const read: { holder: string; begunAt: number; endedAt: number }[] = [];
  const reading = ["one", "one", "one", "two"].map(async (holder) => {
    await turnToRead(100_000, holder);
    const begunAt = performance.now();
    work(20);
    read.push({ holder, begunAt, endedAt: performance.now() });
  });
  await Promise.all(reading);
  expect(read.map(({ holder }) => holder)).toEqual(["one", "two", "one", "one"]);
  const rests = read.slice(1).map(({ begunAt }, before) => begunAt - (read[before]?.endedAt ?? 0));
  // A timer may come a millisecond early.
  expect(Math.min(...rests)).toBeGreaterThan(18);
});

it("short texts are read at once, and of strangers shorter ones", async () => {
  await turnToRead(16 * 1024, "one");
  await turnToRead(4 * 1024);
  let isRead = false;
  const reading = turnToRead(5 * 1024).then(() => (isRead = true));
  await Promise.resolve();
  expect(isRead).toBe(false);
  expect(await reading).toBe(true);
});

it("only so many texts of strangers wait, and those of accounts do not count", async () => {
  const waiting = Array.from({ length: 64 }, () => turnToRead(50_000));
  const ofAccounts = Array.from({ length: 100 }, () => turnToRead(50_000, "one"));
  await expect(turnToRead(50_000)).rejects.toThrow(BusyError);
  await Promise.all([...waiting, ...ofAccounts, turnToRead(4_000)]);
});
