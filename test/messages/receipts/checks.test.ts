import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { acceptMessages, beginAttempts } from "../../../src/messages/changes/bulk-transition.ts";
import { queueDueChecks } from "../../../src/messages/receipts/checks.ts";
import { listMessages } from "../../../src/messages/log/message-lists.ts";
import type { MessageStatus } from "../../../src/messages/model/status.ts";
import { applyChanges } from "../../../src/messages/changes/transition.ts";
import { ReceiptExpectations } from "../../../src/messages/statistics/expected-lag.ts";
import { lagClass } from "../../../src/messages/statistics/lag.ts";
import { acceptedAt, openMessageStore, type MessageStore } from "../../support/stored-messages.ts";

let store: MessageStore;
beforeAll(async () => void (store = await openMessageStore()));
beforeEach(() =>
  store.database.pool.query(
    "truncate messages, message_events, attempts, bulk_attempts, message_checks, bulk_checks cascade",
  ),
);
afterAll(() => store.close());

const after = (seconds: number): Date => new Date(acceptedAt.getTime() + seconds * 1000);

const sweep = (seconds: number): Promise<number> =>
  queueDueChecks(store.database, { now: () => after(seconds) });

/** Messages that a bulk request has submitted. */
async function handOver(count: number): Promise<string[]> {
  const { database, providerId } = store;
  const drafts = await store.store(Array.from({ length: count }, () => ({})));
  const claim = `worker/${drafts[0]?.id}`;
  const attempts = drafts.map(({ id }) => ({ id, number: 1, claim }));
  const step = { providerId, kind: "TIKOSMS", at: acceptedAt, claim, attempts } as const;
  await database.transaction(async (transaction) => {
    await beginAttempts(transaction, step);
    await acceptMessages(transaction, step);
  });
  return drafts.map(({ id }) => id);
}

const say = (messageId: string, status: MessageStatus, seconds: number) =>
  store.database.transaction((transaction) =>
    applyChanges(transaction, [{ messageId, status, source: "CALLBACK", receivedAt: after(seconds) }]),
  );

async function planned(): Promise<Map<string, number>> {
  const rows = await store.database.prisma.messageCheck.findMany();
  return new Map(rows.map(({ messageId, at }) => [messageId, (at.getTime() - acceptedAt.getTime()) / 1000]));
}

it("messages submitted together are checked if they have no receipt by then", async () => {
  const [delivered = "", sent = "", ...silent] = await handOver(20);
  expect(await planned()).toEqual(new Map());
  await say(delivered, "DELIVERED", 10);
  await say(sent, "SENT", 20);
  expect(await sweep(59)).toBe(0);
  expect([...(await planned()).keys()]).toEqual([sent]);
  // Each has its own time: not all are due at the earliest.
  let looks = 0;
  for (let second = 60; second <= 66; second++) looks += await sweep(second);
  expect(looks).toBe(silent.length);
  const next = await planned();
  expect([...next.keys()].toSorted()).toEqual([sent, ...silent].toSorted());
  expect(next.get(sent)).toBeGreaterThanOrEqual(80);
  expect(next.get(sent)).toBeLessThanOrEqual(86);
  for (const id of silent) expect(next.get(id)).toBeGreaterThan(300);
});

it("checks of messages submitted together are spread out", async () => {
  await handOver(200);
  await sweep(60);
  const times = [...(await planned()).values()].filter((seconds) => seconds < 300);
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(4);
  expect(Math.max(...times)).toBeLessThanOrEqual(66);
});

it("a message whose worker never recorded the end is checked", async () => {
  const { database, providerId } = store;
  const drafts = await store.store([{}]);
  const attempts = drafts.map(({ id }) => ({ id, number: 1, claim: "worker/1" }));
  await beginAttempts(database, { providerId, kind: "TIKOSMS", at: acceptedAt, attempts });
  await sweep(299);
  expect(await planned()).toEqual(new Map());
  for (let second = 300; second <= 330; second += 5) await sweep(second);
  const { rows } = await database.pool.query<{ task: string }>(
    "select task_identifier as task from graphile_worker.jobs where key = $1",
    [`dispatch ${drafts[0]?.id}`],
  );
  expect(rows).toEqual([{ task: "dispatch" }]);
});

it("the next attempt of a message gets as much time as the first", async () => {
  const { database, providerId } = store;
  const [draft] = await store.store([{}]);
  const id = draft?.id ?? "";
  const begin = (number: number, seconds: number) =>
    beginAttempts(database, {
      providerId,
      kind: "TIKOSMS",
      at: after(seconds),
      attempts: [{ id, number, claim: `worker/${number}` }],
    });
  await begin(1, 0);
  await say(id, "QUEUED", 1);
  await begin(2, 290);
  for (let second = 295; second < 590; second += 5) expect(await sweep(second)).toBe(0);
  let looks = 0;
  for (let second = 590; second <= 620; second += 5) looks += await sweep(second);
  expect(looks).toBe(1);
});

it("every bulk request that is due is taken up", async () => {
  for (let request = 0; request < 25; request++) await handOver(2);
  await sweep(60);
  expect(await store.database.prisma.bulkCheck.count({ where: { status: "SUBMITTED" } })).toBe(0);
  expect((await planned()).size).toBe(50);
});

it("checks and receipts lock in the same order, and never deadlock", async () => {
  const { database } = store;
  const [low = "", middle = "", high = ""] = (await handOver(3)).toSorted();
  const { pool } = database;
  const waiting = async (count: number): Promise<void> => {
    for (;;) {
      const { rows } = await pool.query<{ count: number }>(
        `select count(*)::int from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      if (rows[0]?.count === count) return;
    }
  };
  const other = await pool.connect();
  await other.query("begin");
  await other.query("insert into message_checks (message_id, at) values ($1, now())", [middle]);
  const receipts = database.transaction((transaction) =>
    applyChanges(
      transaction,
      [high, middle, low].map((messageId) => ({
        messageId,
        status: "SENT",
        source: "CALLBACK",
        receivedAt: after(60),
      })),
    ),
  );
  await waiting(1);
  const swept = sweep(60);
  await waiting(2);
  await other.query("rollback");
  other.release();
  await Promise.all([receipts, swept]);
  expect([...(await planned()).keys()].toSorted()).toEqual([low, middle, high]);
});

it("messages with overdue receipts are listed apart from those in flight, and both are found", async () => {
  const { database, providerId } = store;
  const overdue = await handOver(3);
  for (let second = 60; second <= 66; second++) await sweep(second);
  const places = await database.prisma.message.groupBy({ by: ["listedAs"], _count: true });
  expect(places).toEqual([{ listedAs: "SENT", _count: 3 }]);
  const fresh = await handOver(2);
  const list = (statuses: readonly MessageStatus[]) =>
    listMessages(database, { kind: "provider", id: providerId }, { statuses, limit: 10, ascending: true });
  expect(await list(["SUBMITTED"])).toEqual([...overdue, ...fresh].toSorted());
  const [first = ""] = overdue;
  await say(first, "SENT", 70);
  expect(await list(["SENT"])).toEqual([first]);
  await say(first, "DELIVERED", 80);
  expect(await list(["DELIVERED"])).toEqual([first]);
  expect((await planned()).has(first)).toBe(false);
});

it("an overdue receipt is noted once in the timeline, after what is usual for provider and country", async () => {
  const { database, accountId, providerId } = store;
  await database.pool.query(
    `insert into move_sums (account_id, span, start, provider_id, country, from_status, to_status, lag, count)
     values ($1, 86400, $2, $3, 'SK', 'SENT', 'DELIVERED', $4, 100)`,
    [accountId, new Date("2026-01-31T00:00:00Z"), providerId, lagClass(100_000)],
  );
  const [late = "", delivered = ""] = await handOver(2);
  const noted: string[] = [];
  const clock = { now: () => after(0) };
  const watch = {
    expectations: new ReceiptExpectations(database, clock),
    onOverdue: (kind: string) => void noted.push(kind),
  };
  const sweepAt = (seconds: number) => queueDueChecks(database, { now: () => after(seconds) }, watch);
  await sweepAt(66);
  expect(noted).toEqual([]);
  await say(delivered, "DELIVERED", 70);
  for (const seconds of [450, 2_000]) await sweepAt(seconds);
  expect(noted).toEqual(["TIKOSMS"]);
  const events = await store.timeline(late);
  expect(events.filter(({ detail }) => detail?.startsWith("Overdue"))).toMatchObject([
    { applied: false, status: "SUBMITTED" },
  ]);
  expect(await store.fold(late)).toEqual(await store.row(late));
});

it("a message is given up six hours after its validity period, and one without an attempt is asked about", async () => {
  const { database, providerId } = store;
  const [sent = ""] = await handOver(2);
  await database.pool.query("update messages set valid_until = $2 where id = $1", [sent, after(600)]);
  const [stuck] = await store.store([{}]);
  await database.transaction((transaction) =>
    applyChanges(transaction, [
      {
        messageId: stuck?.id ?? "",
        providerId,
        status: "SUBMITTING",
        source: "DISPATCH",
        receivedAt: acceptedAt,
      },
    ]),
  );
  const sixHours = 6 * 3_600;
  for (const seconds of [70, 500, 1_500, 6_000, 600 + sixHours - 60]) await sweep(seconds);
  expect((await store.row(sent)).status).toBe("SUBMITTED");
  await sweep(601 + sixHours);
  expect((await store.row(sent)).status).toBe("UNKNOWN");
  await database.pool.query("update message_checks set checks = 99, at = $2 where message_id = $1", [
    stuck?.id,
    after(0),
  ]);
  await sweep(602 + sixHours);
  expect((await store.row(stuck?.id ?? "")).status).toBe("OUTCOME_UNKNOWN");
});

it("a failed message is checked until each of its parts was reported, since each of them has a cost", async () => {
  const ids = await handOver(2);
  const [reported = "", silent = ""] = ids;
  await sweep(60);
  const sayPart = (messageId: string, part: number, seconds: number) =>
    store.database.transaction((transaction) =>
      applyChanges(transaction, [
        {
          messageId,
          status: "UNDELIVERED",
          source: "CALLBACK",
          receivedAt: after(seconds),
          part,
          parts: 2,
          cost: "0.05",
        },
      ]),
    );
  for (const id of ids) await sayPart(id, 1, 70);
  for (const seconds of (await planned()).values()) expect(seconds).toBeGreaterThanOrEqual(130);
  await sayPart(reported, 2, 80);
  expect([...(await planned()).keys()]).toEqual([silent]);
  let looks = 0;
  for (let second = 130; second <= 136; second++) looks += await sweep(second);
  expect(looks).toBe(1);
  const { rows } = await store.database.pool.query<{ payload: unknown }>(
    `select payload from graphile_worker._private_jobs as j join graphile_worker._private_tasks as t on t.id = j.task_id
     where t.identifier = 'look-up'`,
  );
  expect(JSON.stringify(rows)).toContain(silent);
  // When the provider cannot say, the message stays what it is.
  for (let hour = 1; hour < 80; hour++) await sweep(hour * 3_600);
  expect(await planned()).toEqual(new Map());
  const messages = await store.database.prisma.message.findMany({ where: { id: { in: ids } } });
  expect(new Map(messages.map(({ id, status, cost }) => [id, [status, cost?.toString()]]))).toEqual(
    new Map([
      [reported, ["UNDELIVERED", "0.1"]],
      [silent, ["UNDELIVERED", "0.05"]],
    ]),
  );
});
