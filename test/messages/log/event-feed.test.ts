import { afterAll, beforeAll, expect, it } from "vitest";
import type { Database } from "../../../src/database/database.ts";
import type { Listener } from "../../../src/database/listener.ts";
import { EventFeed } from "../../../src/messages/log/event-feed.ts";
import type { EventReader } from "../../../src/messages/log/event-reader.ts";
import { noteErasure } from "../../../src/messages/log/erasures.ts";
import { LogTail } from "../../../src/messages/log/log-tail.ts";
import type { EventFilter } from "../../../src/messages/log/event-filter.ts";
import { acceptedAt, openMessageStore, type MessageStore } from "../../support/stored-messages.ts";
import type { EventBatch } from "../../../src/messages/log/topics.ts";
import type { Expired } from "../../../src/messages/log/event-log.ts";
import type { Position } from "../../../src/messages/log/logged-event.ts";

let store: MessageStore;
beforeAll(async () => void (store = await openMessageStore()));
afterAll(() => store.close());

/** A listener that never gets a hint. */
const silent = { on: async () => async () => undefined } as unknown as Listener;
const forever = 2 ** 30;

async function withFeed(
  database: Database,
  work: (feed: EventFeed, read: (filter?: Partial<EventFilter>) => EventReader) => Promise<void>,
): Promise<void> {
  const failures: Error[] = [];
  const feed = new EventFeed(
    new LogTail(database, { pollMs: forever, onError: (error) => failures.push(error) }),
  );
  const stop = new AbortController();
  try {
    await feed.open(silent);
    const { accountId } = store;
    await work(feed, (filter) => feed.read({ accountId, ...filter }, stop.signal));
    expect(failures).toEqual([]);
  } finally {
    feed.close();
    stop.abort();
  }
}

/** The settled position after everything that is stored. */
async function reach(feed: EventFeed): Promise<Position> {
  const [newest] = await store.database.query<{ tx: string }>(
    { name: "newest", text: "select max(tx) as tx from message_events" },
    [],
  );
  await expect
    .poll(async () => (await feed.refresh(), feed.position.tx >= BigInt(newest?.tx ?? "")))
    .toBe(true);
  return feed.position;
}

const messagesOf = (batch: EventBatch | Expired) =>
  batch.kind === "batch" && batch.events.map(({ messageId }) => messageId);
const idsOf = (drafts: { id: string }[]): string[] => drafts.map(({ id }) => id);

it("a reader finds events that were logged while nobody was reading", async () => {
  await withFeed(store.database, async (feed, read) => {
    const start = feed.position;
    const drafts = await store.store([{}, {}]);
    await reach(feed);
    expect(messagesOf(await read().next(start))).toEqual(idsOf(drafts));
  });
});

it("events carry the facts a filter needs, even if another reader read them first", async () => {
  await withFeed(store.database, async (feed, read) => {
    const start = feed.position;
    read();
    const [, first] = await store.store([{ country: "CZ" }, { country: "AT", clientRef: "order 1" }]);
    await reach(feed);
    const wanted = [read({ countries: ["AT"] }), read({ clientRefPrefix: "order" })];
    for (const reader of wanted) expect(messagesOf(await reader.next(start))).toEqual([first?.id]);
    const { position } = feed;
    const next = wanted.map((reader) => reader.next(position));
    const [, second] = await store.store([{ country: "CZ" }, { country: "AT", clientRef: "order 2" }]);
    await reach(feed);
    for (const batch of next) expect(messagesOf(await batch)).toEqual([second?.id]);
    // And from the window in memory.
    for (const reader of wanted) expect(messagesOf(await reader.next(position))).toEqual([second?.id]);
  });
});

it.each([
  ["anything", "nothing is read", {}, []],
  ["the country", "events are read without", { countries: ["AT"] }, [{}]],
])("a reader who asks for %s while %s misses no event", async (_what, _while, filter, others) => {
  let arrived = Promise.withResolvers<void>();
  let gate: Promise<void> | undefined;
  const slow: Database = {
    ...store.database,
    query: async (statement, values) => {
      const rows = await store.database.query<never>(statement, values);
      arrived.resolve();
      await gate;
      return rows;
    },
  };
  await withFeed(slow, async (feed, read) => {
    for (const other of others) read(other);
    const [draft] = await store.store([{ country: "AT" }]);
    const open = Promise.withResolvers<void>();
    [arrived, gate] = [Promise.withResolvers<void>(), open.promise];
    const reading = feed.refresh();
    await arrived.promise;
    const batch = read(filter).next(feed.position);
    [gate] = [undefined];
    open.resolve();
    await reading;
    await reach(feed);
    expect(messagesOf(await batch)).toEqual([draft?.id]);
  });
});

it("events held back by an older transaction are delivered when it ends without a hint", async () => {
  await withFeed(store.database, async (feed, read) => {
    const older = await store.database.pool.connect();
    try {
      await older.query("begin");
      await older.query("select pg_current_xact_id()");
      const [draft] = await store.store([{}]);
      const got: (EventBatch | Expired)[] = [];
      const batch = read().next(feed.position);
      void batch.then((one) => got.push(one));
      await feed.refresh();
      await older.query("select pg_sleep(0.05)");
      expect(got).toEqual([]);
      await older.query("rollback");
      expect(messagesOf(await batch)).toEqual([draft?.id]);
    } finally {
      older.release();
    }
  });
});

it("the feed gives every value of an event as it was stored", async () => {
  const { database, accountId, providerId } = store;
  const [draft] = await store.store([{}]);
  const messageId = draft?.id ?? "";
  const at = new Date("1969-12-31T23:59:59.001Z");
  const later = new Date("2026-11-20T12:34:56.789Z");
  const event = {
    accountId,
    messageId,
    providerId,
    version: 2,
    status: "FAILED",
    providerStatus: "é\n",
    source: "CALLBACK",
    applied: false,
    ignoredReason: "DUPLICATE",
    occurredAt: at,
    receivedAt: later,
    part: 2,
    parts: 3,
    detail: '"quoted"',
    providerMessageId: "p",
    providerBatchId: "b",
    failureCode: "c",
    failureText: "t",
    failurePermanent: true,
    mccmnc: "23101",
    cost: "0.1000000000000000000001",
    messageCost: "12345678901234567890.5",
    rerouted: { providerId, sender: "s" },
    costCurrency: "EUR",
  } as const;
  await database.prisma.messageEvent.create({ data: { ...event, tx: 1n } });
  const timeline = await store.timeline(messageId);
  expect(timeline.find(({ version }) => version === 2)).toEqual({ id: expect.anything(), tx: 1n, ...event });
  expect(timeline.find(({ version }) => version === 1)).toMatchObject({
    applied: true,
    failurePermanent: null,
    rerouted: null,
    cost: null,
    receivedAt: acceptedAt,
  });
});

it("what was erased is not read from memory any more, and nothing is missed or repeated by that", async () => {
  await withFeed(store.database, async (feed, read) => {
    const start = await reach(feed);
    const reader = read();
    const write = (detail: string | null, ids: string[]): Promise<void> =>
      store.database.transaction(async (transaction) => {
        const text = "update message_events set detail = $1 where message_id = any ($2::uuid[])";
        await transaction.query({ name: "write_detail", text }, [detail, ids]);
        await noteErasure(transaction);
      });
    const drafts = await store.store([{}, {}]);
    await write("about Eva", idsOf(drafts));
    await reach(feed);
    const detailsAfter = async (position: Position) => {
      const batch = await reader.next(position);
      return batch.kind === "batch" && batch.events.map(({ messageId, detail }) => [messageId, detail]);
    };
    expect(await detailsAfter(start)).toEqual(idsOf(drafts).map((id) => [id, "about Eva"]));
    await write(null, idsOf(drafts));
    const middle = feed.position;
    const later = await store.store([{}]);
    await reach(feed);
    expect(await detailsAfter(start)).toEqual([...idsOf(drafts), ...idsOf(later)].map((id) => [id, null]));
    expect(await detailsAfter(middle)).toEqual(idsOf(later).map((id) => [id, null]));
  });
});
