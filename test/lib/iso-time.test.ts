import { assert, date, property } from "fast-check";
import { expect, it } from "vitest";
import { isoTime } from "../../src/lib/iso-time.ts";

it("a time is written as JavaScript writes it, in any year", () => {
  assert(property(date({ noInvalidDate: true }), (at) => isoTime(at) === at.toISOString()));
  for (const at of [
    0, -1, 86_399_999, 86_400_000, 1_798_761_599_999, -62_198_755_200_000, 253_402_300_800_000,
  ])
    expect(isoTime(new Date(at))).toBe(new Date(at).toISOString());
  expect(() => isoTime(new Date(Number.NaN))).toThrow(RangeError);
});
