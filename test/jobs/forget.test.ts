import { randomUUIDv7 } from "node:crypto";
import { expect, it } from "vitest";
import { openDatabase } from "../../src/database/database.ts";
import { forgetOld } from "../../src/jobs/forget.ts";
import { createTestDatabase } from "../support/database.ts";

const day = 24 * 3_600_000;

it("forgets old idempotency keys and understood callbacks, and nothing else", async () => {
  const { url, drop } = await createTestDatabase();
  const database = openDatabase(url, { poolSize: 2 });
  const now = new Date("2026-06-01T00:00:00Z");
  const before = (days: number): Date => new Date(now.getTime() - days * day);
  const key = { accountId: randomUUIDv7(), fingerprint: new Uint8Array([1]), messageId: randomUUIDv7() };
  await database.prisma.idempotencyKey.createMany({
    data: [
      { ...key, key: "old", createdAt: before(2) },
      { ...key, key: "young", createdAt: before(0.5) },
    ],
  });
  const callback = { providerId: randomUUIDv7(), body: "{}" };
  await database.prisma.callback.createMany({
    data: [
      { ...callback, state: "PROCESSED", receivedAt: before(40) },
      { ...callback, state: "QUARANTINED", receivedAt: before(40) },
      { ...callback, state: "PROCESSED", receivedAt: before(3) },
    ],
  });
  await forgetOld(database, { now: () => now });
  expect(await database.prisma.idempotencyKey.findMany({ select: { key: true } })).toEqual([
    { key: "young" },
  ]);
  expect(
    await database.prisma.callback.findMany({ select: { state: true }, orderBy: { id: "asc" } }),
  ).toEqual([{ state: "QUARANTINED" }, { state: "PROCESSED" }]);
  await database.close();
  await drop();
});
