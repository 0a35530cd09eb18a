import * as fc from "fast-check";
import { expect, it } from "vitest";
import { tokensAt, tokensAtInSql } from "../../src/lanes/token-bucket.ts";
import { sqlValues } from "../support/database.ts";

const valueOf = sqlValues();

it("submissions and status queries find the same number of tokens in a lane's bucket", async () => {
  const sql = tokensAtInSql({
    tokens: "$1::float8",
    refilledAt: "$2::timestamptz",
    rate: "$3::float8",
    now: "$4::timestamptz",
  });
  const refilledAt = new Date("2026-01-01T00:00:00Z");
  const buckets = fc.record({
    tokens: fc.double({ min: -20, max: 100, noNaN: true }),
    rate: fc.double({ min: 0.01, max: 1_000, noNaN: true }),
    passedMs: fc.integer({ min: -1_000, max: 100_000 }),
  });
  await fc.assert(
    fc.asyncProperty(buckets, async ({ tokens, rate, passedMs }) => {
      const now = new Date(refilledAt.getTime() + passedMs);
      const found = await valueOf(sql, [tokens, refilledAt, rate, now]);
      expect(found).toBeCloseTo(tokensAt({ tokens, refilledAt }, rate, now), 6);
    }),
  );
});
