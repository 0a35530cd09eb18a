import type { EventBatch } from "./topics.ts";
import { setTimeout } from "node:timers/promises";
import type { Database } from "../../database/database.ts";
import type { Listener } from "../../database/listener.ts";
import { patient } from "../../database/read-through-outage.ts";
import { asksFacts, type EventFilter } from "./event-filter.ts";
import {
  behind,
  comparePositions,
  eventChannel,
  readEnd,
  readEvents,
  readTailAfter,
  type Expired,
  type Tail,
} from "./event-log.ts";
import { Needs, Topics, type Topic, type TopicListener } from "./topics.ts";
import type { FeedEvent, LoggedEvent, Position } from "./logged-event.ts";

interface EventFeedOptions {
  /** How often to look without a hint, so how long a lost one can delay an event. */
  pollMs?: number;
  /** How many of the newest events are kept in memory; readers further back read the table. */
  windowSize?: number;
  /** The most events in one batch. */
  pageSize?: number;
  /** Called once for each outage of the database. */
  onError: (error: Error) => void;
  onEvents?: (events: readonly FeedEvent[]) => void;
}

interface Range {
  after: Position;
  until: Position;
}

/**
 * Events behind an older open transaction are looked for again soon; most such transactions end with a hint
 * of their own.
 */
const unsettledRetryMs = 2;
const maxUnsettledRetryMs = 32;
const retryMs = 200;

/**
 * The live end of the event log in one process: it reads each new event once and gives it to every reader
 * that wants it. Readers pull, so nothing is queued for a slow one: it finds its events in the window or in
 * the table.
 */
export class EventFeed {
  readonly #database: Database;
  readonly #patientDatabase: Database;
  readonly #options: Required<EventFeedOptions>;
  readonly #topics = new Topics();
  #window: FeedEvent[] = [];
  #windowStart: Position = behind(0n);
  /** Window events after this position have the facts of their messages. */
  #factsStart: Position = behind(0n);
  #position: Position = behind(0n);
  #reading: Promise<void> | undefined;
  #readAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #unsettledMs = unsettledRetryMs;
  #closed = false;
  #failing = false;

  constructor(database: Database, options: EventFeedOptions) {
    this.#database = database;
    this.#patientDatabase = patient(database);
    this.#options = {
      pollMs: 1000,
      windowSize: 10_000,
      pageSize: 500,
      onEvents: () => undefined,
      ...options,
    };
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
    this.#position = await readEnd(this.#database);
    this.#windowStart = this.#position;
    await listener.on(eventChannel, () => void this.refresh());
    await this.refresh();
  }

  /**
   * Reads what is new; resolves when everything that was settled at the time of the call has been handed out.
   */
  async refresh(): Promise<void> {
    this.#readAgain = true;
    this.#reading ??= this.#read();
    await this.#reading;
  }

  /**
   * Like `refresh`, but waits until the database answers again: the position is then really the end of the
   * log.
   */
  async catchUp(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.refresh();
      if (!this.#failing || this.#closed) return;
      await setTimeout(retryMs, undefined, { signal });
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Opens a reader that lives until `signal` aborts. */
  read(filter: EventFilter, signal: AbortSignal): EventReader {
    signal.throwIfAborted();
    return new EventReader(this, this.#topics, filter, signal);
  }

  /** See `EventReader.replay`. */
  async replay(range: Range, { filter, matches }: Topic): Promise<EventBatch | Expired> {
    const { pageSize } = this.#options;
    if (this.#isInWindow(range.after, filter)) return this.#batch(this.#fromWindow(range, matches), range);
    const page = await readEvents(this.#patientDatabase, range, filter, pageSize);
    return page.kind === "expired" ? page : this.#batch(page.events, range);
  }

  #isInWindow(after: Position, filter: EventFilter): boolean {
    if (comparePositions(after, this.#windowStart) < 0) return false;
    return !asksFacts(filter) || comparePositions(after, this.#factsStart) >= 0;
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

  async #read(): Promise<void> {
    clearTimeout(this.#timer);
    let delayMs = this.#options.pollMs;
    try {
      while (this.#readAgain && !this.#closed) {
        this.#readAgain = false;
        const { needs } = this.#topics;
        const tail = await this.#readTail(needs);
        // A new reader needs more than was read: read again.
        if (needs < this.#topics.needs) {
          this.#readAgain = true;
          continue;
        }
        this.#hand(tail.events, tail.position, needs);
        if (tail.more) this.#readAgain = true;
        delayMs = this.#pauseAfter(tail);
        this.#failing = false;
      }
    } catch (error) {
      if (!this.#failing && !this.#closed) this.#options.onError(error as Error);
      this.#failing = true;
    }
    // No other code runs in between: a hint that comes from now on starts a reading of its own.
    this.#reading = undefined;
    if (!this.#closed) this.#timer = globalThis.setTimeout(() => void this.refresh(), delayMs);
  }

  async #readTail(needs: Needs): Promise<Tail> {
    if (needs > Needs.nothing) {
      const { pageSize: limit } = this.#options;
      return readTailAfter(this.#database, this.#position, { limit, facts: needs === Needs.facts });
    }
    const end = await readEnd(this.#database);
    const position = comparePositions(end, this.#position) > 0 ? end : this.#position;
    return { events: [], position, unsettled: false, more: false };
  }

  #pauseAfter({ unsettled, events }: Tail): number {
    const doubled = Math.min(this.#unsettledMs * 2, maxUnsettledRetryMs);
    this.#unsettledMs = unsettled && events.length === 0 ? doubled : unsettledRetryMs;
    return unsettled ? this.#unsettledMs : this.#options.pollMs;
  }

  /** Advances to `position` and wakes everyone who waits for one of these events. */
  #hand(events: FeedEvent[], position: Position, needs: Needs): void {
    this.#position = position;
    if (needs < Needs.facts) this.#factsStart = position;
    if (needs === Needs.nothing) {
      this.#window = [];
      this.#windowStart = position;
    }
    if (events.length === 0) return;
    this.#window.push(...events);
    const surplus = this.#window.length - this.#options.windowSize;
    if (surplus > 0) this.#windowStart = this.#window.splice(0, surplus).at(-1) ?? this.#windowStart;
    this.#options.onEvents(events);
    for (const [topic, wanted] of this.#topics.wanting(events)) wake(topic, wanted, position);
  }
}

/** Reads the events of one filter as they come. */
export class EventReader {
  readonly #feed: EventFeed;
  readonly #topic: Topic;
  readonly #signal: AbortSignal;
  #waiter: PromiseWithResolvers<EventBatch> | undefined;
  #listener: TopicListener | undefined;

  constructor(feed: EventFeed, topics: Topics, filter: EventFilter, signal: AbortSignal) {
    this.#feed = feed;
    this.#topic = topics.join(filter);
    this.#signal = signal;
    const close = (): void => {
      topics.leave(this.#topic);
      const [waiter, listener] = [this.#waiter, this.#listener];
      if (waiter) this.#topic.waiting?.delete(waiter);
      waiter?.reject(signal.reason);
      this.unlisten();
      listener?.end();
    };
    signal.addEventListener("abort", close, { once: true });
  }

  /**
   * The next events after `after`, waiting for them if necessary. Readers that wait for the same filter get
   * the same object. Rejects once the reader is closed.
   */
  next(after: Position): Promise<EventBatch | Expired> {
    if (comparePositions(after, this.#feed.position) < 0) return this.#catchUp(after);
    return this.#wait();
  }

  /**
   * Delivers every batch from `after` on as it comes, so that the reader need not ask for each. False when
   * the reader is not at the end of the log, or is closed.
   */
  listen(after: Position, listener: TopicListener): boolean {
    if (this.#signal.aborted || comparePositions(after, this.#feed.position) < 0) return false;
    this.#listener = listener;
    (this.#topic.listening ??= new Set()).add(listener);
    return true;
  }

  unlisten(): void {
    if (this.#listener) this.#topic.listening?.delete(this.#listener);
    this.#listener = undefined;
  }

  async #catchUp(after: Position): Promise<EventBatch | Expired> {
    const batch = await this.replay(after, this.#feed.position);
    if (batch.kind === "expired" || batch.events.length > 0) return batch;
    return this.next(batch.cursor);
  }

  #wait(): Promise<EventBatch> {
    if (this.#signal.aborted) return Promise.reject(this.#signal.reason as Error);
    this.#waiter = Promise.withResolvers();
    (this.#topic.waiting ??= new Set()).add(this.#waiter);
    return this.#waiter.promise;
  }

  /** One page of the events after `after` and up to `until`, which must have been reached. */
  replay(after: Position, until: Position): Promise<EventBatch | Expired> {
    return this.#feed.replay({ after, until }, this.#topic);
  }
}

function wake(topic: Topic, events: FeedEvent[], cursor: Position): void {
  const batch: EventBatch = { kind: "batch", events, cursor };
  const { waiting = [], listening = [] } = topic;
  delete topic.waiting;
  for (const listener of listening) listener.deliver(batch);
  for (const waiter of waiting) waiter.resolve(batch);
}
