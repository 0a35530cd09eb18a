import { afterAll, beforeAll, expect, it } from "vitest";
import type { Listener } from "../../../src/database/listener.ts";
import { EventFeed } from "../../../src/messages/log/event-feed.ts";
import { readTailRows } from "../../../src/messages/log/event-log.ts";
import type { FeedRow } from "../../../src/messages/log/event-rows.ts";
import type { EventFilter } from "../../../src/messages/log/event-filter.ts";
import type { Position } from "../../../src/messages/log/logged-event.ts";
import { LogTail } from "../../../src/messages/log/log-tail.ts";
import type { Bus } from "../../../src/messages/jetstream/bus.ts";
import type { StoredLog } from "../../../src/messages/jetstream/stored-log.ts";
import { StreamSource } from "../../../src/messages/jetstream/stream-source.ts";
import { encodeMark, encodeRow, Names } from "../../../src/messages/jetstream/wire.ts";
import { eventually } from "../../support/process.ts";
import { openMessageStore, type MessageStore } from "../../support/stored-messages.ts";

let store: MessageStore;
beforeAll(async () => void (store = await openMessageStore()));
afterAll(() => store.close());

const names = new Names("test");
const silent = { on: async () => async () => undefined } as unknown as Listener;

/** A bus in one's hand: what is published reaches who listens to its subject, unless it is lost. */
class Hand {
  readonly subjects = new Map<string, (payload: string) => void>();
  down: () => void = () => undefined;

  readonly bus: Pick<Bus, "listen" | "onDown"> = {
    listen: (subject, receive) => {
      this.subjects.set(subject, (payload) => receive(payload, subject));
      return { stop: () => void this.subjects.delete(subject) };
    },
    onDown: (react) => void (this.down = react),
  };

  event(row: FeedRow): void {
    for (const subject of [names.account(row[2]), names.message(row[2], row[3])])
      this.subjects.get(subject)?.(encodeRow(row));
  }

  mark(from: Position, to: Position, rows: readonly FeedRow[], erasedTx = 0n): void {
    this.subjects.get(names.marks)?.(encodeMark({ from, to, sequence: 0, firstSequence: 0, erasedTx }, rows));
  }
}

interface Setting {
  hand: Hand;
  source: StreamSource;
  repairs: () => number;
  /** What a reader of a filter has been given. */
  follow: (filter?: Partial<EventFilter>) => string[];
  /** Stores messages; gives their rows as a relay reads them, and the positions around them. */
  log: (count: number) => Promise<{ rows: readonly FeedRow[]; from: Position; to: Position }>;
  /** Resolves when the feed is that far. */
  reached: (position: Position) => Promise<void>;
}

async function withSource(work: (setting: Setting) => Promise<void>): Promise<void> {
  const hand = new Hand();
  let repairs = 0;
  const tail = new LogTail(store.database, { pollMs: 2 ** 30, onError: () => undefined });
  const source = new StreamSource({
    bus: hand.bus,
    names,
    tail,
    stored: { note: () => undefined, readPage: async () => undefined } as unknown as StoredLog,
    onRepair: () => repairs++,
  });
  const feed = new EventFeed(source);
  const stop = new AbortController();
  try {
    await feed.open(silent);
    // An idle relay: the source goes over to it.
    hand.mark(feed.position, feed.position, []);
    expect(source.isLive).toBe(true);
    let end = feed.position;
    await work({
      hand,
      source,
      repairs: () => repairs,
      follow: (filter = {}) => {
        const got: string[] = [];
        const reader = feed.read({ accountId: store.accountId, ...filter }, stop.signal);
        reader.listen(feed.position, {
          deliver: ({ events }) => void got.push(...events.map(({ messageId }) => messageId)),
          end: () => undefined,
        });
        return got;
      },
      log: async (count) => {
        const from = end;
        await store.store(Array.from({ length: count }, () => ({})));
        let rows: readonly FeedRow[] = [];
        await expect
          .poll(async () => {
            const read = await readTailRows(store.database, from, { limit: 100, facts: true });
            ({ rows, position: end } = read);
            return rows.length;
          })
          .toBe(count);
        return { rows, from, to: end };
      },
      reached: ({ tx }) => eventually(() => feed.position.tx >= tx),
    });
  } finally {
    feed.close();
    stop.abort();
  }
}

const idsOf = (rows: readonly FeedRow[]): string[] => rows.map((row) => row[3]);

it("what is published is handed out with its mark, in the order of the log, each event once", async () => {
  await withSource(async ({ hand, follow, log, repairs }) => {
    const got = follow();
    const { rows, from, to } = await log(3);
    for (const row of [...rows.toReversed(), ...rows]) hand.event(row);
    expect(got).toEqual([]);
    hand.mark(from, to, rows);
    expect(got).toEqual(idsOf(rows));
    // A second relay, or the first one again.
    for (const row of rows) hand.event(row);
    hand.mark(from, to, rows);
    expect(got).toEqual(idsOf(rows));
    expect(repairs()).toBe(0);
  });
});

it.each(["an event", "a mark", "everything for a while"])(
  "%s that is lost is read from PostgreSQL before anything later is handed out",
  async (what) => {
    await withSource(async ({ hand, follow, log, reached, repairs }) => {
      const got = follow();
      const [first, second] = [await log(3), await log(2)];
      if (what !== "everything for a while")
        for (const [index, row] of first.rows.entries())
          if (what !== "an event" || index !== 1) hand.event(row);
      if (what === "an event") hand.mark(first.from, first.to, first.rows);
      for (const row of second.rows) hand.event(row);
      hand.mark(second.from, second.to, second.rows);
      await reached(second.to);
      expect(got).toEqual(idsOf([...first.rows, ...second.rows]));
      expect(repairs()).toBe(1);
      const third = await log(1);
      for (const row of third.rows) hand.event(row);
      hand.mark(third.from, third.to, third.rows);
      expect(got).toEqual(idsOf([...first.rows, ...second.rows, ...third.rows]));
      expect(repairs()).toBe(1);
    });
  },
);

it("only what is watched is listened to: messages one by one, an account as a whole once", async () => {
  await withSource(async ({ hand, source, log }) => {
    const { accountId } = store;
    const { rows } = await log(2);
    const [one = "", other = ""] = idsOf(rows);
    const listensTo = (): string[] => [...hand.subjects.keys()].filter((subject) => subject !== names.marks);
    const filters = [
      { accountId, messageIds: [one, other] },
      { accountId, messageIds: [one] },
      { accountId, statuses: ["SENT" as const] },
    ];
    for (const filter of filters.slice(0, 2)) source.watch(filter);
    expect(listensTo()).toEqual([names.message(accountId, one), names.message(accountId, other)]);
    source.watch(filters[2] ?? { accountId });
    expect(listensTo()).toEqual([names.account(accountId)]);
    source.unwatch(filters[2] ?? { accountId });
    source.unwatch(filters[0] ?? { accountId });
    expect(listensTo()).toEqual([names.message(accountId, one)]);
    const many = Array.from({ length: 501 }, () => ({ accountId, messageIds: [crypto.randomUUID()] }));
    for (const filter of many) source.watch(filter);
    expect(listensTo()).toEqual([names.account(accountId)]);
    for (const filter of [...many, { accountId, messageIds: [one] }]) source.unwatch(filter);
    expect(listensTo()).toEqual([]);
  });
});

it("what somebody else publishes under our subjects is passed by", async () => {
  await withSource(async ({ hand, follow, log, repairs }) => {
    const got = follow();
    const first = await log(1);
    hand.mark(first.from, first.to, first.rows);
    const before = repairs();
    const junk = [
      "",
      "hello",
      "null",
      "{}",
      "[]",
      "[1]",
      `[1,${Array(40).fill('"x"').join(",")}]`,
      '{"from":1,"to":2}',
    ];
    for (const receive of hand.subjects.values()) for (const text of junk) receive(text);
    const second = await log(2);
    for (const row of second.rows) hand.event(row);
    hand.mark(second.from, second.to, second.rows);
    expect(got.slice(-2)).toEqual(idsOf(second.rows));
    expect(repairs()).toBe(before);
  });
});

it("a mark that names only messages nobody watches needs no event", async () => {
  await withSource(async ({ hand, follow, log, repairs }) => {
    const watched = await log(2);
    hand.mark(watched.from, watched.to, watched.rows);
    const [wanted, unwanted] = watched.rows;
    const got = follow({ messageIds: [wanted?.[3] ?? ""] });
    const next = await log(1);
    hand.mark(next.from, next.to, next.rows);
    expect(unwanted && next.rows.length).toBe(1);
    expect(got).toEqual([]);
    expect(repairs()).toBe(0);
  });
});

it("without NATS the log is followed in PostgreSQL, and with it again afterwards", async () => {
  await withSource(async ({ hand, source, follow, log, reached }) => {
    const got = follow();
    const first = await log(2);
    hand.down();
    expect(source.isLive).toBe(false);
    await source.refresh();
    await reached(first.to);
    expect(got).toEqual(idsOf(first.rows));
    // The relay was behind: what it says is known.
    for (const row of first.rows) hand.event(row);
    hand.mark(first.from, first.to, first.rows);
    const second = await log(2);
    for (const row of second.rows) hand.event(row);
    hand.mark(second.from, second.to, second.rows);
    expect(source.isLive).toBe(true);
    expect(got).toEqual(idsOf([...first.rows, ...second.rows]));
  });
});

it("a mark that begins before what has been read already is used for the rest", async () => {
  await withSource(async ({ hand, source, follow, log, reached, repairs }) => {
    const got = follow();
    const [first, second] = [await log(2), await log(2)];
    // A reader that begins makes the source read to the end.
    const third = await log(1);
    for (const row of [...first.rows, ...second.rows]) hand.event(row);
    await source.refresh();
    await reached(third.to);
    const fourth = await log(1);
    for (const row of [...third.rows, ...fourth.rows]) hand.event(row);
    hand.mark(first.from, fourth.to, [...first.rows, ...second.rows, ...third.rows, ...fourth.rows]);
    expect(got).toEqual(idsOf([...first.rows, ...second.rows, ...third.rows, ...fourth.rows]));
    expect(repairs()).toBe(0);
  });
});
