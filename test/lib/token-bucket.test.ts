import { array, assert, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenBucket } from "../../src/lib/token-bucket.ts";

describe("a bucket of what was used", () => {
  it("in any stretch of time, no more is admitted than the burst and what becomes free in it", () => {
    const steps = array(
      record({ wait: integer({ min: 0, max: 3_000 }), amount: integer({ min: 1, max: 12 }) }),
      {
        maxLength: 60,
      },
    );
    assert(
      property(steps, (taken) => {
        const bucket = new TokenBucket(2, 10, 0);
        const admitted: { at: number; amount: number }[] = [];
        let at = 0;
        for (const { wait, amount } of taken) {
          at += wait;
          if (!bucket.has(amount, at)) continue;
          bucket.use(amount, at);
          admitted.push({ at, amount });
        }
        for (const [from, first] of admitted.entries())
          for (const [to, last] of admitted.entries()) {
            if (to < from) continue;
            // What is larger than the burst is admitted whole, and paid for after it.
            const sum = admitted.slice(from, to).reduce((total, { amount }) => total + amount, 0);
            expect(sum).toBeLessThanOrEqual(10 + 2 + ((last.at - first.at) / 1000) * 2 + 1e-6);
          }
      }),
    );
  });

  it("what was used stays used when the limits change", () => {
    const bucket = new TokenBucket(1, 10, 0);
    bucket.use(8, 0);
    bucket.set(1, 5, 0);
    expect([bucket.has(1, 0), bucket.left(0), bucket.secondsUntil(1, 0)]).toEqual([false, 0, 4]);
    expect(bucket.has(1, 4_000)).toBe(true);
  });
});
