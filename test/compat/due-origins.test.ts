import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { claimReports, findDueOrigins, notLooked } from "../../src/compat/reports/queue.ts";
import { startTestApp, type TestApp } from "../support/app.ts";

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp({ runsWorker: false });
});

afterAll(() => app.stop());

beforeEach(() => app.services.database.prisma.compatReport.deleteMany());

// In the order of their ids.
const [first, second, third] = Array.from({ length: 3 }, () => randomUUID()).toSorted() as [
  string,
  string,
  string,
];

const originsOf = (accountId: string, count: number): string[] =>
  Array.from(
    { length: count },
    (_, place) => `https://${String(place).padStart(5, "0")}.example ${accountId}`,
  );

async function store(accountId: string, origins: readonly string[], dueAt = new Date(0)): Promise<void> {
  const report = { accountId, api: "TIKOSMS", url: "https://a.example", status: "DELIVERED" } as const;
  const data = origins.map((origin) => ({
    ...report,
    origin,
    dueAt,
    messageId: randomUUID(),
    occurredAt: dueAt,
  }));
  await app.services.database.prisma.compatReport.createMany({ data });
}

test("an account with thousands of origins leaves room for those behind it, and has its next ones found later", async () => {
  await store(first, originsOf(first, 3_000));
  await store(second, originsOf(second, 2));
  const { database } = app.services;
  const found = new Set<string>();
  let looked = notLooked;
  for (let look = 0; look < 12; look++) {
    const page = await findDueOrigins(database, looked);
    looked = page.looked;
    const names = page.origins.map(([origin]) => origin);
    expect(names).toEqual(expect.arrayContaining(originsOf(second, 2)));
    expect(names).toHaveLength(252);
    for (const name of names) found.add(name);
  }
  expect(found.size).toBe(3_002);
  // Then from the first one on.
  await findDueOrigins(database, looked).then((page) => (looked = page.looked));
  expect((await findDueOrigins(database, looked)).origins).toContainEqual([originsOf(first, 1)[0], first]);
});

test("looks come to every account and every origin, however many there are of both", async () => {
  const accounts = Array.from({ length: 12 }, () => randomUUID());
  for (const account of accounts) await store(account, originsOf(account, 300));
  let looked = notLooked;
  const found = new Set<string>();
  for (let look = 0; look < 6; look++) {
    const page = await findDueOrigins(app.services.database, looked);
    looked = page.looked;
    expect(page.origins.length).toBeLessThanOrEqual(2_000);
    for (const [origin] of page.origins) found.add(origin);
  }
  expect(found.size).toBe(12 * 300);
});

test("only origins to which something is due are found, and what is due to them is claimed", async () => {
  await store(third, ["https://later.example"], new Date(Date.now() + 3_600_000));
  await store(third, ["https://due.example"]);
  const { database } = app.services;
  const { origins } = await findDueOrigins(database, notLooked);
  expect(origins).toEqual([["https://due.example", third]]);
  const rooms = ["https://due.example", "https://later.example"].map((origin) => ({
    accountId: third,
    origin,
    places: 5,
  }));
  const claimed = await claimReports(database, rooms, randomUUID());
  expect(claimed.map(({ origin }) => origin)).toEqual(["https://due.example"]);
});
