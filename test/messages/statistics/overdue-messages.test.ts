import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { maxUuid, minUuid } from "../../../src/lib/uuid.ts";
import type { ExpectedLags } from "../../../src/messages/statistics/expected-lag.ts";
import {
  listOverdue,
  overdueIn,
  type OverdueRange,
} from "../../../src/messages/statistics/overdue-messages.ts";
import { acceptedAt, openMessageStore, type MessageStore } from "../../support/stored-messages.ts";

let store: MessageStore;
/** Newest first: messages to CZ, where receipts take long, and to SK. */
let ids: { czech: string[]; slovak: string[] };

beforeAll(async () => {
  store = await openMessageStore();
  const { database } = store;
  const stored = await store.store(
    Array.from({ length: 6 }, (_, index) => ({ country: index % 2 === 0 ? "CZ" : "SK" })),
  );
  const newestFirst = stored.toSorted((one, other) => (one.id < other.id ? 1 : -1));
  const idsOf = (country: string): string[] =>
    newestFirst.filter((message) => message.country === country).map(({ id }) => id);
  ids = { czech: idsOf("CZ"), slovak: idsOf("SK") };
  await database.pool.query(
    "update messages set status = 'SUBMITTED', listed_as = 'SENT', submitted_at = $1",
    [acceptedAt],
  );
  // One that has its receipt by now, and one that was not looked up yet.
  const [delivered] = await store.store([{}, {}]);
  await database.pool.query(
    "update messages set status = 'DELIVERED', listed_as = 'DELIVERED', submitted_at = $1 where id = $2",
    [acceptedAt, delivered?.id],
  );
});
afterAll(() => store.close());

const lags = (): ExpectedLags => ({
  seconds: () => 60,
  measured: () => [{ providerId: store.providerId, country: "CZ", seconds: 3600 }],
});

const overdueAfter = (seconds: number, range: Partial<OverdueRange> = {}): Promise<string[]> =>
  listOverdue(store.database, store.accountId, lags(), new Date(acceptedAt.getTime() + seconds * 1000), {
    limit: 100,
    ascending: false,
    ...range,
  });

it("messages are overdue after what is usual for their provider and country", async () => {
  expect(await overdueAfter(60)).toEqual([]);
  expect(await overdueAfter(61)).toEqual(ids.slovak);
  expect(await overdueAfter(3601)).toEqual([...ids.czech, ...ids.slovak].toSorted().toReversed());
});

it("overdue messages are listed by status, provider and campaign, between two ids and in both orders", async () => {
  expect(await overdueAfter(61, { ascending: true, limit: 2 })).toEqual(ids.slovak.toReversed().slice(0, 2));
  const [below = "", , above = ""] = ids.slovak;
  expect(await overdueAfter(61, { above, below })).toEqual(ids.slovak.slice(1, 2));
  expect(await overdueAfter(61, { statuses: ["SUBMITTED", "DELIVERED"] })).toEqual(ids.slovak);
  expect(await overdueAfter(61, { statuses: ["SENT"] })).toEqual([]);
  expect(await overdueAfter(61, { providerId: store.providerId })).toEqual(ids.slovak);
  expect(await overdueAfter(61, { providerId: randomUUIDv7() })).toEqual([]);
  expect(await overdueAfter(61, { campaignId: randomUUIDv7() })).toEqual([]);
});

it("the list of overdue messages is read by its index, in its order", async () => {
  const client = await store.database.pool.connect();
  // Among so many others that no other way to them is as cheap.
  await client.query(`
    insert into messages
    select (jsonb_populate_record(m, jsonb_build_object('id', uuidv7(), 'status', 'DELIVERED', 'listed_as', 'DELIVERED'))).*
    from (select m from messages as m limit 1) as one cross join generate_series(1, 5000)
  `);
  await client.query("analyze messages");
  await client.query("set enable_seqscan = off; set enable_bitmapscan = off");
  const { text } = overdueIn("desc");
  const { rows } = await client.query<{ "QUERY PLAN": string }>(`explain ${text}`, [
    store.accountId,
    minUuid,
    maxUuid,
    10,
    ["SENT"],
    null,
    null,
    acceptedAt,
    [],
    [],
    [],
    60,
  ]);
  client.release(true);
  const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
  expect(plan).toContain("using messages_account_id_listed_as_id_idx");
  expect(plan).not.toContain("Sort");
});
