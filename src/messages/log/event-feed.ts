import type { EventBatch, Topic } from "./topics.ts";
import { setTimeout } from "node:timers/promises";
import type { Listener } from "../../database/listener.ts";
import type { EventFilter } from "./event-filter.ts";
import { behind, comparePositions, latest, type Expired } from "./event-log.ts";
import { EventReader } from "./event-reader.ts";
import type { FeedSource, Range } from "./feed-source.ts";
import { PageReads } from "./page-reads.ts";
import { Topics } from "./topics.ts";
import type { FeedEvent, LoggedEvent, Position } from "./logged-event.ts";

interface EventFeedOptions {
  /** How many of the newest events are kept in memory; readers further back read what is stored. */
  windowSize?: number;
  /** The most events in one batch. */
  pageSize?: number;
  onEvents?: (events: readonly FeedEvent[]) => void;
}

const retryMs = 200;

/**
 * The live end of the event log in one process: it gets each new event once and gives it to every reader
 * that wants it. Readers pull, so nothing is queued for a slow one: it finds its events in the window or in
 * the log.
 */
export class EventFeed {
  readonly #source: FeedSource;
  readonly #options: Required<EventFeedOptions>;
  readonly #topics: Topics;
  readonly #hinted = new Set<() => void>();
  readonly #pages = new PageReads();
  #window: FeedEvent[] = [];
  #windowStart: Position = behind(0n);
  #position: Position = behind(0n);
  #closed = false;

  constructor(source: FeedSource, options: EventFeedOptions = {}) {
    this.#source = source;
    this.#topics = new Topics(source);
    this.#options = { windowSize: 10_000, pageSize: 500, onEvents: () => undefined, ...options };
  }

  /**
   * Every event up to here has been handed out; what is read from the database from now on includes them all.
   */
  get position(): Position {
    return this.#position;
  }

  /** Readers waiting for an event. */
  get waiting(): number {
    return this.#topics.waiting;
  }

  /** Starts at the end of the log. */
  async open(listener: Listener): Promise<void> {
    const start = await this.#source.open(listener, {
      take: (events, position) => this.#take(events, position),
      forget: (until) => this.#forget(until),
      hint: () => {
        for (const react of this.#hinted) react();
      },
    });
    this.#position = latest(start, this.#position);
  }

  /** Calls `react` when messages have changed. A hint may be lost. */
  onHint(react: () => void): void {
    this.#hinted.add(react);
  }

  /**
   * Resolves when everything that was settled at the time of the call has been handed out; false when the
   * log cannot be read.
   */
  async refresh(): Promise<boolean> {
    return this.#source.refresh();
  }

  /**
   * Like `refresh`, but waits until the log can be read again: the position is then really its end.
   */
  async catchUp(signal: AbortSignal): Promise<void> {
    while (!(await this.refresh()) && !this.#closed) await setTimeout(retryMs, undefined, { signal });
  }

  close(): void {
    this.#closed = true;
    this.#source.close();
  }

  /** Opens a reader that lives until `signal` aborts. */
  read(filter: EventFilter, signal: AbortSignal): EventReader {
    signal.throwIfAborted();
    return new EventReader(this, this.#topics.join(filter), this.#topics, signal);
  }

  /**
   * The same for a subscription, of which there may be any number.
   * @throws TooManyWatchedError
   */
  watch(filter: EventFilter, signal: AbortSignal): EventReader {
    signal.throwIfAborted();
    return new EventReader(this, this.#topics.join(filter, { isBounded: true }), this.#topics, signal);
  }

  /** See `EventReader.replay`. */
  async replay(range: Range, { filter, matches }: Topic, signal: AbortSignal): Promise<EventBatch | Expired> {
    const { pageSize } = this.#options;
    if (this.#isInWindow(range.after, filter)) return this.#batch(this.#fromWindow(range, matches), range);
    const read = () => this.#source.readPage(range, filter, pageSize);
    const page = await this.#pages.run(filter.accountId, read, signal);
    return page.kind === "expired" ? page : this.#batch(page.events, range);
  }

  #isInWindow(after: Position, filter: EventFilter): boolean {
    const since = latest(this.#windowStart, this.#source.completeSince(filter));
    return comparePositions(after, since) >= 0;
  }

  #batch(events: LoggedEvent[], { until }: Range): EventBatch {
    const cursor = events.length === this.#options.pageSize ? (events.at(-1) ?? until) : until;
    return { kind: "batch", events, cursor: { tx: cursor.tx, id: cursor.id } };
  }

  #fromWindow({ after, until }: Range, matches: Topic["matches"]): FeedEvent[] {
    const events: FeedEvent[] = [];
    for (let index = this.#indexAfter(after); index < this.#window.length; index++) {
      const event = this.#window[index];
      if (!event || comparePositions(event, until) > 0 || events.length === this.#options.pageSize) break;
      if (matches(event)) events.push(event);
    }
    return events;
  }

  /** The index of the first event in the window after a position. */
  #indexAfter(position: Position): number {
    let [low, high] = [0, this.#window.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const event = this.#window[middle];
      if (event && comparePositions(event, position) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Readers that are further back read again what is stored. */
  #forget(until: Position): void {
    if (comparePositions(until, this.#windowStart) <= 0) return;
    this.#window.splice(0, this.#indexAfter(until));
    this.#windowStart = until;
  }

  /** Advances to `position` and wakes everyone who waits for one of these events. */
  #take(events: FeedEvent[], position: Position): void {
    this.#position = position;
    if (this.#topics.isEmpty) {
      this.#window = [];
      this.#windowStart = latest(position, this.#windowStart);
    }
    if (events.length === 0) return;
    this.#window.push(...events);
    const surplus = this.#window.length - this.#options.windowSize;
    const gone = surplus > 0 ? this.#window.splice(0, surplus).at(-1) : undefined;
    if (gone) this.#windowStart = latest(gone, this.#windowStart);
    this.#options.onEvents(events);
    for (const [topic, wanted] of this.#topics.wanting(events)) wake(topic, wanted, position);
  }
}

function wake(topic: Topic, events: FeedEvent[], cursor: Position): void {
  const batch: EventBatch = { kind: "batch", events, cursor };
  const { waiting = [], listening = [] } = topic;
  delete topic.waiting;
  for (const listener of listening) listener.deliver(batch);
  for (const waiter of waiting) waiter.resolve(batch);
}
