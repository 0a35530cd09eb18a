import { assert, double, property } from "fast-check";
import { expect, test } from "vitest";
import { pauseAfter, retryDelaysMs } from "../../src/webhooks/retries.ts";

const options = { delaysMs: retryDelaysMs, random: () => 0.5 };
const failed = { kind: "failed", latencyMs: 1 } as const;

test("the pauses are 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h, and there is none after the eighth failure", () => {
  const seconds = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => {
    const pauseMs = pauseAfter(failures, failed, options);
    return pauseMs === undefined ? undefined : Math.round(pauseMs / 1000);
  });
  expect(seconds).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 36_000, undefined]);
});

test("a pause is spread by a tenth to both sides", () => {
  assert(
    property(double({ min: 0, max: 1, noNaN: true }), (random) => {
      const pauseMs = pauseAfter(2, failed, { ...options, random: () => random }) ?? 0;
      expect(pauseMs).toBeGreaterThanOrEqual(270_000);
      expect(pauseMs).toBeLessThanOrEqual(330_000);
    }),
  );
});

test.each([
  [0, 5_000],
  [60, 60_000],
  [36_000, 36_000_000],
  [999_999_999, 36_000_000],
])("Retry-After of %d s makes the first pause %d ms", (retryAfterSeconds, expected) => {
  expect(pauseAfter(1, { ...failed, retryAfterSeconds }, options)).toBeCloseTo(expected);
});
