import * as fc from "fast-check";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tokensAt, tokensAtInSql } from "../../src/lanes/token-bucket.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

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
      const { rows } = await client.query(`select ${sql} as tokens`, [tokens, refilledAt, rate, now]);
      expect(rows[0].tokens).toBeCloseTo(tokensAt({ tokens, refilledAt }, rate, now), 6);
    }),
  );
});
