import { expect, test } from "vitest";
import { RecentlyUsed } from "../../src/lib/recently-used.ts";

test("one value too many costs the one that was asked for longest ago, and no other", () => {
  const recent = new RecentlyUsed<string, number>(3);
  for (const [place, key] of ["a", "b", "c"].entries()) recent.set(key, place);
  recent.get("a");
  recent.set("d", 3);
  expect(["a", "b", "c", "d"].map((key) => recent.get(key))).toEqual([0, undefined, 2, 3]);
  recent.set("a", 9);
  expect(recent.get("a")).toBe(9);
});
