import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { PageReads } from "../../../src/messages/log/page-reads.ts";

const never = new AbortController().signal;

/** Reads that end when they are told to, and how many of an account are under way. */
function reads() {
  const underWay = new Map<string, number>();
  const ends: (() => void)[] = [];
  const of = (owner: string) => async (): Promise<string> => {
    underWay.set(owner, (underWay.get(owner) ?? 0) + 1);
    await new Promise<void>((end) => ends.push(end));
    underWay.set(owner, (underWay.get(owner) ?? 0) - 1);
    return owner;
  };
  const endAll = (): void => {
    for (const end of ends.splice(0)) end();
  };
  return { underWay, of, endAll };
}

it("an account has at most half of the places, and others find theirs", async () => {
  const pages = new PageReads();
  const { underWay, of, endAll } = reads();
  const many = Array.from({ length: 20 }, () => pages.run("greedy", of("greedy"), never));
  const other = pages.run("other", of("other"), never);
  await expect.poll(() => underWay.get("other")).toBe(1);
  expect(underWay.get("greedy")).toBe(4);
  const rest = Promise.all([...many, other]);
  const ending = setInterval(endAll, 5);
  expect(new Set(await rest)).toEqual(new Set(["greedy", "other"]));
  clearInterval(ending);
});

const reading = (milliseconds: number) => async (): Promise<string> => {
  await pause(milliseconds);
  return "read";
};

it("an account that has used up its time waits, and others do not", async () => {
  let now = 0;
  const pages = new PageReads(() => now);
  // What a page took is measured. What has become free again goes by the clock, which stands still.
  await Promise.all([1, 2, 3].map(() => pages.run("greedy", reading(1_000), never)));
  let isRead = false;
  const waiting = pages.run("greedy", reading(0), never).then(() => (isRead = true));
  expect(await pages.run("other", reading(0), never)).toBe("read");
  expect(isRead).toBe(false);
  now = 60_000;
  await waiting;
});

it("a page that waited for the database for long counts as one that took a second", async () => {
  const pages = new PageReads(() => 0);
  await pages.run("account", reading(2_500), never);
  expect(await pages.run("account", reading(0), never)).toBe("read");
});

it("who has gone while it waited reads nothing", async () => {
  const pages = new PageReads();
  const gone = new AbortController();
  gone.abort(new Error("gone"));
  let isRead = false;
  const read = (): Promise<void> => {
    isRead = true;
    return Promise.resolve();
  };
  await expect(pages.run("account", read, gone.signal)).rejects.toThrow("gone");
  expect(isRead).toBe(false);
});
