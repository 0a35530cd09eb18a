import { matcherOf, type EventFilter } from "../log/event-filter.ts";
import { comparePositions, readLogFloor, type Expired } from "../log/event-log.ts";
import { toFeedEvents, type FeedRow } from "../log/event-rows.ts";
import type { Page, Range } from "../log/feed-source.ts";
import type { Database } from "../../database/database.ts";
import type { FeedEvent } from "../log/logged-event.ts";
import type { StreamReader } from "./stream-reader.ts";
import type { Mark } from "./wire.ts";

const blockSize = 500;
/** So many of the newest events are read from the stream; who is further back has an index in PostgreSQL. */
const maxBlocks = 40;
const keptMs = 30_000;

/** Consecutive events of the stream, from a multiple of `blockSize` on. */
interface Block {
  until: number;
  events: Promise<FeedEvent[]>;
}

/**
 * The newest part of the stream, for readers that come back: many of them want the same events, so these are read once
 * for all, whatever they filter by. Every number in a row is asked for, so nothing can be missing unnoticed.
 */
export class StoredLog {
  readonly #database: Database;
  readonly #reader: StreamReader;
  readonly #blocks = new Map<number, Block>();
  #mark: Mark | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database, reader: StreamReader) {
    this.#database = database;
    this.#reader = reader;
  }

  /** The newest mark says where the stream begins and ends. */
  note(mark: Mark): void {
    if (mark.firstSequence !== this.#mark?.firstSequence) this.#blocks.clear();
    this.#mark = mark;
  }

  /** Undefined when the stream does not have it all. */
  async readPage(range: Range, filter: EventFilter, limit: number): Promise<Page | Expired | undefined> {
    const mark = this.#mark;
    if (!mark || comparePositions(mark.to, range.until) < 0) return undefined;
    try {
      const events = await this.#read(range, mark);
      if (!events) return undefined;
      const floor = await readLogFloor(this.#database);
      if (comparePositions(floor, range.after) > 0) return { kind: "expired" };
      // The stream may still have words that were erased, and so may the blocks that were read from it.
      if (range.after.tx < floor.erasedTx) return undefined;
      const matches = matcherOf(filter);
      const isWanted = (event: FeedEvent): boolean =>
        comparePositions(event, range.after) > 0 &&
        comparePositions(event, range.until) <= 0 &&
        matches(event);
      return { kind: "events", events: events.filter(isWanted).slice(0, limit) };
    } catch {
      // Away, or no longer there.
      return undefined;
    }
  }

  /** The events of a range and some around it; undefined when the stream begins later. */
  async #read({ after }: Range, { sequence, firstSequence }: Mark): Promise<FeedEvent[] | undefined> {
    const blocks: FeedEvent[][] = [];
    const last = Math.floor(sequence / blockSize);
    if (sequence < firstSequence) return undefined;
    for (let number = last; number > last - maxBlocks; number--) {
      const from = Math.max(number * blockSize, firstSequence);
      const until = Math.min(number * blockSize + blockSize - 1, sequence);
      if (until < from) return undefined;
      const events = await this.#block(number, from, until);
      blocks.unshift(events);
      const [first] = events;
      if (first && comparePositions(first, after) <= 0) return blocks.flat();
    }
    return undefined;
  }

  #block(number: number, from: number, until: number): Promise<FeedEvent[]> {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#blocks.clear(), keptMs).unref();
    const known = this.#blocks.get(number);
    if (known && known.until >= until) return known.events;
    const events = this.#reader.read(from, until).then((rows: FeedRow[]) => toFeedEvents(rows));
    const block = { until, events };
    this.#blocks.set(number, block);
    events.catch(() => {
      if (this.#blocks.get(number) === block) this.#blocks.delete(number);
    });
    return events;
  }
}
