import { array, asyncProperty, assert, constantFrom, integer, option, record } from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { acceptMessages, beginAttempts } from "../../../src/messages/changes/bulk-transition.ts";
import { applyChanges } from "../../../src/messages/changes/transition.ts";
import { messageStatuses } from "../../../src/messages/model/status.ts";
import { foldStatistics } from "../../../src/messages/statistics/fold.ts";
import { readStatistics, type StatisticsRow } from "../../../src/messages/statistics/read.ts";
import { dayRows, minuteRows, quarterRows } from "../../../src/messages/statistics/spans.ts";
import { runs } from "../../support/runs.ts";
import { charges, loggedMoves, recordedMoves } from "../../support/statistics.ts";
import { acceptedAt, openMessageStore, type MessageStore } from "../../support/stored-messages.ts";

let store: MessageStore;
beforeAll(async () => void (store = await openMessageStore()));
afterAll(() => store.close());

const countries = ["SK", "CZ", null];

const step = record({
  message: integer({ min: 0, max: 11 }),
  status: constantFrom(...messageStatuses),
  source: constantFrom("CALLBACK", "POLL", "DISPATCH", "RECONCILE" as const),
  minutes: integer({ min: 0, max: 40 }),
  isFromOther: constantFrom(false, false, true),
  cost: option(constantFrom("0.05", "0.07", "0"), { nil: undefined }),
  currency: constantFrom("EUR", "USD", undefined),
  reroutes: constantFrom(false, false, true),
});

it("the statistics are what the event log says, after any changes by several writers, folded at any time", async () => {
  const other = await store.createProvider();
  const property = asyncProperty(array(array(step, { maxLength: 12 }), { maxLength: 8 }), async (batches) => {
    const drafts = await store.store(
      countries.flatMap((country) => Array.from({ length: 4 }, () => ({ country }))),
    );
    const { database, providerId } = store;
    const write = (batch: (typeof batches)[number]): Promise<unknown> =>
      database.transaction((transaction) =>
        applyChanges(
          transaction,
          batch.map(({ message, minutes, isFromOther, reroutes, currency, ...change }) => ({
            ...change,
            messageId: drafts[message]?.id ?? "",
            receivedAt: new Date(acceptedAt.getTime() + minutes * 60_000),
            costCurrency: currency,
            ...(isFromOther && { providerId: other }),
            ...(reroutes && { rerouting: { providerId: isFromOther ? providerId : other } }),
          })),
        ),
      );
    await Promise.all([...batches.map(write), foldStatistics(database), foldStatistics(database)]);
    expect(await recordedMoves(database)).toEqual(await loggedMoves(database));
    const { recorded, stored } = await charges(database);
    expect(totals(recorded)).toEqual(totals(stored));
  });
  await assert(property, runs(25));
});

/** By currency: a message that moved on takes its charge along only with its next one. */
const totals = (rows: readonly object[]): Map<string, number> => {
  const sums = new Map<string, number>();
  for (const { currency, amount } of rows as { currency: string; amount: string }[])
    sums.set(currency, Math.round(((sums.get(currency) ?? 0) + Number(amount)) * 100) / 100);
  return new Map([...sums].filter(([, amount]) => amount !== 0));
};

it("the statistics hold the bulk steps of campaigns, one row for each country", async () => {
  const { database, providerId } = store;
  const drafts = await store.store(["SK", "SK", "DE"].map((country) => ({ country })));
  const [{ before } = { before: 0 }] = await countDeltas();
  const attempts = drafts.map(({ id }) => ({ id, number: 1, claim: "worker/7" }));
  const common = { providerId, kind: "TIKOSMS", at: acceptedAt };
  await database.transaction(async (transaction) => {
    await beginAttempts(transaction, { ...common, attempts });
    await acceptMessages(transaction, { ...common, claim: "worker/7", attempts });
  });
  const [{ before: after } = { before: 0 }] = await countDeltas();
  expect(after - before).toBe(4);
  expect(await recordedMoves(database)).toEqual(await loggedMoves(database));
});

const countDeltas = async (): Promise<{ before: number }[]> =>
  (await store.database.pool.query<{ before: number }>("select count(*)::int as before from move_deltas"))
    .rows;

it("the same totals come from minutes, quarters of an hour and days, before and after folding", async () => {
  const { database, accountId } = store;
  const read = async (span: number): Promise<StatisticsRow["counts"] | undefined> => {
    const day = { from: new Date("2026-01-31T00:00:00Z"), until: new Date("2026-02-01T00:00:00Z") };
    const by = { provider: false, country: false, status: false };
    const [row] = await readStatistics(database, { accountId, span, ...day, timeZone: "UTC", by }, 10);
    return row?.counts;
  };
  const before = await read(minuteRows);
  await foldStatistics(database);
  expect(before?.accepted).toBeGreaterThan(2);
  for (const span of [minuteRows, quarterRows, dayRows]) expect(await read(span)).toEqual(before);
});
