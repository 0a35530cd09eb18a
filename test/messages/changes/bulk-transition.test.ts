import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { Database, Queryable } from "../../../src/database/database.ts";
import { acceptSingly } from "../../../src/messages/changes/accept-singly.ts";
import { acceptMessages, beginAttempts } from "../../../src/messages/changes/bulk-transition.ts";
import {
  finishAttempts,
  readAttempts,
  singleOutClaimOf,
  startAttempts,
} from "../../../src/messages/dispatch/attempts.ts";
import { readForDispatch } from "../../../src/messages/dispatch/dispatch-message.ts";
import { admitMessages } from "../../../src/lanes/admission.ts";
import type { MessageStatus } from "../../../src/messages/model/status.ts";
import { applyChanges } from "../../../src/messages/changes/transition.ts";
import { elsewhere } from "../../support/elsewhere.ts";
import { acceptedAt, openMessageStore, type MessageStore } from "../../support/stored-messages.ts";

let store: MessageStore;
beforeAll(async () => void (store = await openMessageStore()));
beforeEach(() => store.database.pool.query("truncate attempts, bulk_attempts"));
afterAll(() => store.close());

const receivedAt = new Date(acceptedAt.getTime() + 60_000);
const ids = { providerMessageId: "9B2E7F30-6F0B-4D7F-8E43-9D1D0B7C3A55", providerBatchId: " batch " };

/** A message and its log, without what differs between any two messages. */
async function picture(id: string): Promise<unknown> {
  const { database } = store;
  const { rows: messages } = await database.pool.query<Record<string, unknown>>(
    "select * from messages where id = $1",
    [id],
  );
  const { rows: events } = await database.pool.query<Record<string, unknown>>(
    "select * from message_events where message_id = $1 order by id",
    [id],
  );
  // One check is planned for all messages of the step, at the time that each would have had.
  const { rows: checks } = await database.pool.query<Record<string, unknown>>(
    `select at, 0 as checks from message_checks where message_id = $1
     union all
     select at + interval '1 second' * spread * ('x' || right($1::text, 4))::bit(16)::int / 65536.0, 0
     from bulk_checks where $1::uuid = any (message_ids) and status = (select status from messages where id = $1)`,
    [id],
  );
  const { rows: attempts } = await database.pool.query<Record<string, unknown>>(
    "select * from attempts where message_id = $1",
    [id],
  );
  const own = new Set(["id", "claim", "tx", "message_id", "last_event_tx", "campaign_id"]);
  const common = (row: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(row).filter(([column]) => !own.has(column)));
  return {
    messages: messages.map(common),
    events: events.map(common),
    attempts: attempts.map(common),
    checks,
  };
}

/** Two messages whose ids end in the same digits, which set the time of the first check, and one other. */
const twins = (): { one: string; other: string; neighbour: string } => {
  const one = randomUUIDv7();
  return { one, other: randomUUIDv7().slice(0, -4) + one.slice(-4), neighbour: randomUUIDv7() };
};

const claim = "worker/1";
const together = (...messageIds: string[]) => messageIds.map((id) => ({ id, number: 1, claim }));

it.each([
  ["without ids", {}],
  ["with a batch", { providerBatchId: ids.providerBatchId }],
  ["with both ids", ids],
  ["with an id that is too long", { providerMessageId: "x".repeat(300) }],
])("the bulk transition %s writes the same as applyChanges", async (_name, given) => {
  const { database, providerId } = store;
  const { one, other, neighbour } = twins();
  await store.store([{ id: one }, { id: other }, { id: neighbour }]);
  const step = { providerId, kind: "TIKOSMS", at: receivedAt } as const;
  await database.transaction(async (transaction) => {
    const attempts = together(one, neighbour);
    await beginAttempts(transaction, { ...step, attempts });
    const accepted = { ...step, claim, attempts: attempts.map((attempt) => ({ ...given, ...attempt })) };
    expect(await acceptMessages(transaction, accepted)).toEqual({
      kind: "accepted",
      settled: new Set([one, neighbour]),
      isWatched: false,
    });
    const change = { messageId: other, source: "DISPATCH", receivedAt } as const;
    await applyChanges(transaction, [{ ...change, status: "SUBMITTING" }]);
    await startAttempts(transaction, [{ id: other, attempts: 0, providerId }], receivedAt);
    await applyChanges(transaction, [{ ...change, status: "SUBMITTED", ...given }]);
    const outcome = { kind: "accepted", ...given } as const;
    await finishAttempts(transaction, [
      { message: { id: other }, attempt: 1, outcome, finishedAt: receivedAt },
    ]);
  });
  expect(await picture(one)).toEqual(await picture(other));
  expect(await store.fold(one)).toEqual(await store.row(one));
});

it("messages accepted in requests of their own are written as by applyChanges, each at its own time", async () => {
  const { database, providerId } = store;
  const { one, other, neighbour } = twins();
  await store.store([{ id: one }, { id: other }, { id: neighbour }]);
  const step = { providerId, kind: "TIKOSMS", at: acceptedAt } as const;
  const earlier = new Date(receivedAt.getTime() - 5_000);
  const answered = [
    { id: one, number: 1, finishedAt: receivedAt, ...ids },
    { id: neighbour, number: 1, finishedAt: earlier },
  ];
  await database.transaction(async (transaction) => {
    const attempts = [one, neighbour].map((id, index) => ({ id, number: 1, claim: `worker/${index}` }));
    await beginAttempts(transaction, { ...step, attempts });
    const all = new Set([one, neighbour]);
    expect(await acceptSingly(transaction, { ...step, attempts: answered })).toEqual({
      ended: all,
      settled: all,
      isWatched: false,
    });
    const change = { messageId: other, source: "DISPATCH" } as const;
    await applyChanges(transaction, [{ ...change, status: "SUBMITTING", receivedAt: acceptedAt }]);
    await startAttempts(transaction, [{ id: other, attempts: 0, providerId }], acceptedAt);
    await applyChanges(transaction, [{ ...change, status: "SUBMITTED", receivedAt, ...ids }]);
    const outcome = { kind: "accepted", ...ids } as const;
    await finishAttempts(transaction, [
      { message: { id: other }, attempt: 1, outcome, finishedAt: receivedAt },
    ]);
  });
  expect(await picture(one)).toEqual(await picture(other));
  expect(await store.fold(one)).toEqual(await store.row(one));
  expect((await store.row(neighbour)).submittedAt).toEqual(earlier);
  expect(await store.fold(neighbour)).toEqual(await store.row(neighbour));
  const none = { ended: new Set(), settled: new Set(), isWatched: false };
  expect(await acceptSingly(database, { ...step, attempts: answered })).toEqual(none);
});

it("an attempt that was accepted ends, though its message has moved on", async () => {
  const { database, providerId } = store;
  const [draft] = await store.store([{}]);
  const id = draft?.id ?? "";
  const step = { providerId, kind: "TIKOSMS", at: receivedAt } as const;
  await beginAttempts(database, { ...step, attempts: together(id) });
  const receipt = { messageId: id, status: "DELIVERED", source: "CALLBACK", receivedAt } as const;
  await database.transaction((transaction) => applyChanges(transaction, [receipt]));
  const attempts = [{ id, number: 1, finishedAt: receivedAt }];
  const accepted = { ended: new Set([id]), settled: new Set(), isWatched: false };
  expect(await acceptSingly(database, { ...step, attempts })).toEqual(accepted);
  expect((await store.row(id)).status).toBe("DELIVERED");
  expect(await readAttempts(database, [id])).toMatchObject([{ outcome: "accepted", finishedAt: receivedAt }]);
});

it("the bulk transition leaves messages alone that have moved on", async () => {
  const { database, providerId } = store;
  const [draft] = await store.store([{}]);
  const id = draft?.id ?? "";
  const before = await picture(id);
  const attempts = together(id);
  const step = { kind: "TIKOSMS", at: receivedAt, claim, attempts } as const;
  const foreign = { ...step, providerId: randomUUIDv7() };
  const begun = database.transaction((transaction) => beginAttempts(transaction, foreign));
  await expect(begun).rejects.toThrow("not queued any more");
  expect(await acceptMessages(database, { ...step, providerId })).toEqual({ kind: "alreadyEnded" });
  expect(await picture(id)).toEqual(before);
});

it("attempts end once, even when their message has moved on", async () => {
  const { database, providerId } = store;
  const drafts = await store.store([{}, {}]);
  const [gone = "", waiting = ""] = drafts.map(({ id }) => id);
  const attempts = together(gone, waiting);
  const step = { providerId, kind: "TIKOSMS", at: receivedAt, claim, attempts } as const;
  await beginAttempts(database, step);
  const receipt = { messageId: gone, status: "DELIVERED", source: "CALLBACK", receivedAt } as const;
  await database.transaction((transaction) => applyChanges(transaction, [receipt]));
  const accepted = { kind: "accepted", settled: new Set([waiting]), isWatched: false };
  expect(await acceptMessages(database, step)).toEqual(accepted);
  expect(await acceptMessages(database, step)).toEqual({ kind: "alreadyEnded" });
  expect((await store.row(gone)).status).toBe("DELIVERED");
  expect(await readAttempts(database, [gone, waiting])).toMatchObject([
    { outcome: "accepted", finishedAt: receivedAt },
    { outcome: "accepted", finishedAt: receivedAt },
  ]);
});

it("accepting messages and receipts lock in the same order, and never deadlock", async () => {
  const { database, providerId } = store;
  const [first = "", second = ""] = (await store.store([{}, {}])).map(({ id }) => id).toSorted();
  const step = {
    providerId,
    kind: "TIKOSMS",
    at: receivedAt,
    claim,
    attempts: together(first, second),
  } as const;
  await beginAttempts(database, step);
  const say = (transaction: Queryable, messageId: string, status: MessageStatus) =>
    applyChanges(transaction, [{ messageId, status, source: "CALLBACK", receivedAt }]);
  await database.transaction((transaction) => say(transaction, first, "SENT"));
  const accepted = await database.transaction(async (receipts) => {
    await say(receipts, first, "DELIVERED");
    const answer = elsewhere(() =>
      database.transaction(async (transaction) => {
        const ended = await acceptMessages(transaction, step);
        await say(transaction, first, "SENT");
        return ended;
      }),
    );
    await expect.poll(() => elsewhere(() => countWaiting(database))).toBe(1);
    await say(receipts, second, "DELIVERED");
    return { answer };
  });
  expect(await accepted.answer).toEqual({ kind: "accepted", settled: new Set(), isWatched: false });
});

/** Connections that wait for a lock. */
async function countWaiting({ pool }: Database): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    "select count(*)::int as count from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
  );
  return rows[0]?.count ?? 0;
}

it("the attempts of a bulk request are shown while it is under way and afterwards", async () => {
  const { database, providerId } = store;
  const messageIds = (await store.store([{}, {}, {}])).map(({ id }) => id).toSorted();
  const step = { providerId, kind: "TIKOSMS", at: receivedAt } as const;
  const open = {
    providerId,
    number: 1,
    startedAt: receivedAt,
    finishedAt: null,
    outcome: null,
    reason: null,
  };
  const expected = messageIds.map((messageId) => ({ ...open, messageId }));
  const shown = async () =>
    (await readAttempts(database, messageIds)).toSorted((one, other) =>
      one.messageId < other.messageId ? -1 : 1,
    );
  await beginAttempts(database, { ...step, attempts: together(...messageIds) });
  expect(await shown()).toEqual(expected);
  await singleOutClaimOf(database, messageIds[1] ?? "", receivedAt);
  expect(await database.prisma.bulkAttempt.count()).toBe(1);
  await singleOutClaimOf(database, messageIds[1] ?? "", new Date());
  expect(await database.prisma.bulkAttempt.count()).toBe(0);
  expect(await shown()).toEqual(expected);
  expect((await readForDispatch(database, messageIds[2] ?? ""))?.hasOpenAttempt).toBe(true);
  expect(await acceptMessages(database, { ...step, claim, attempts: together(...messageIds) })).toEqual({
    kind: "alreadyEnded",
  });
});

it("a request for many messages counts as one in flight", async () => {
  const { database, providerId } = store;
  await database.prisma.provider.update({ where: { id: providerId }, data: { maxConcurrent: 3 } });
  await database.pool.query("insert into lanes (provider_id) values ($1) on conflict do nothing", [
    providerId,
  ]);
  const drafts = await store.store(Array.from({ length: 10 }, () => ({})));
  const messages = drafts.map(({ id }) => ({ id, providerId }));
  const [first, second, ...waiting] = messages;
  const attempts = together(first?.id ?? "", second?.id ?? "");
  await beginAttempts(database, { providerId, kind: "TIKOSMS", at: receivedAt, attempts });
  const asker = { isCampaign: true, bulkSizes: new Map([[providerId, 2]]) };
  const { admitted } = await admitMessages(database, waiting, receivedAt, asker);
  expect(admitted).toHaveLength(4);
});

it("the bulk transition counts its messages for their campaign", async () => {
  const { database, providerId } = store;
  const campaignId = await store.createCampaign();
  const drafts = await store.store([{}, {}, {}]);
  const attempts = together(...drafts.map(({ id }) => id));
  await database.pool.query("update messages set campaign_id = $1 where id = any ($2)", [
    campaignId,
    drafts.map(({ id }) => id),
  ]);
  await beginAttempts(database, { providerId, kind: "TIKOSMS", at: receivedAt, attempts });
  const tallies = await database.prisma.campaignTally.findMany({
    where: { campaignId },
    orderBy: { delta: "asc" },
  });
  expect(tallies.map(({ status, delta }) => [status, delta])).toEqual([
    ["QUEUED", -3],
    ["SUBMITTING", 3],
  ]);
});
