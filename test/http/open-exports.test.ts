import { expect, test } from "vitest";
import { FairShares } from "../../src/access/fair-shares.ts";
import { OpenExports } from "../../src/http/open-exports.ts";
import { viewerOf } from "../support/viewer.ts";

const share = { queries: 1, mutations: 1, cost: 1_000, waiting: 0, waitingCost: 0 };
const open = () =>
  new OpenExports(new FairShares({ socket: share, key: share, account: share, maxWaitMs: 20 }));
const viewer = viewerOf({ accountId: "one" });

test("an account has so many exports open at once, and others are not touched", () => {
  const exports = open();
  const leaves = Array.from({ length: 16 }, () => exports.enter(viewer));
  expect(() => exports.enter(viewer)).toThrow(/of this account/);
  exports.enter(viewerOf({ accountId: "other" }));
  leaves[0]?.();
  exports.enter(viewer);
});

test("pages of an account's exports are read one after the other, all of them, and a reader that is slow holds nothing", async () => {
  const exports = open();
  let [reading, most] = [0, 0];
  async function* pages(): AsyncGenerator<string> {
    for (let page = 0; page < 5; page++) {
      most = Math.max(most, ++reading);
      await new Promise((done) => setTimeout(done, 5));
      reading--;
      yield `${page}`;
    }
  }
  const { signal } = new AbortController();
  const slow = exports.inTurns(viewer, pages(), signal);
  expect((await slow.next()).value).toBe("0");
  const read = async (): Promise<string> => {
    let text = "";
    for await (const page of exports.inTurns(viewer, pages(), signal)) text += page;
    return text;
  };
  expect(await Promise.all([read(), read(), read()])).toEqual(["01234", "01234", "01234"]);
  expect(most).toBe(1);
  expect((await slow.next()).value).toBe("1");
});

test("the pages of a reader who has gone are not read", async () => {
  const exports = open();
  const gone = new AbortController();
  let read = 0;
  async function* pages(): AsyncGenerator<string> {
    for (;;) yield await Promise.resolve(`${read++}`);
  }
  const lines = exports.inTurns(viewer, pages(), gone.signal);
  await lines.next();
  gone.abort();
  expect((await lines.next()).done).toBe(true);
  expect(read).toBe(1);
});
