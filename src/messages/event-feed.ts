import type { Database } from "../database/database.ts";
import type { Listener } from "../database/listener.ts";
import { patient } from "../database/patient.ts";
import {
  behind,
  comparePositions,
  eventChannel,
  matches,
  readEnd,
  readEvents,
  readTailAfter,
  type EventFilter,
  type LoggedEvent,
  type Position,
} from "./event-log.ts";

/** Events of one reader, in log order, with the position it has then reached. */
export interface EventBatch {
  events: LoggedEvent[];
  cursor: Position;
}

export interface EventFeedOptions {
  /** How long a lost hint can delay an event. */
  pollMs?: number;
  /** Newest events kept in memory; a reader further back reads the table. */
  windowSize?: number;
  /** Events in one batch at most. */
  pageSize?: number;
  /** Called once for each outage of the database. */
  onError: (error: Error) => void;
  onEvents?: (events: readonly LoggedEvent[]) => void;
}

interface Waiter {
  filter: EventFilter;
  wake: (batch: EventBatch) => void;
}

const unsettledRetryMs = 2;

/**
 * The live end of the event log for one process: it reads each new event once and hands it to every reader that
 * wants it. Readers pull: nothing is queued for a slow one, it finds its events in the window or in the table.
 */
export class EventFeed {
  readonly #database: Database;
  readonly #patientDatabase: Database;
  readonly #options: Required<EventFeedOptions>;
  readonly #byMessage = new Map<string, Set<Waiter>>();
  readonly #byAccount = new Map<string, Set<Waiter>>();
  #window: LoggedEvent[] = [];
  #windowStart: Position = behind(0n);
  #position: Position = behind(0n);
  #reading: Promise<void> | undefined;
  #readAgain = false;
  #timer: NodeJS.Timeout | undefined;
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

  /** Every event up to here has passed; whatever is read from the database now includes them all. */
  get position(): Position {
    return this.#position;
  }

  /** Readers waiting for an event. */
  get waiting(): number {
    return [this.#byMessage, this.#byAccount]
      .flatMap((index) => [...index.values()])
      .reduce((n, s) => n + s.size, 0);
  }

  /** Starts at the end of the log. */
  async open(listener: Listener): Promise<void> {
    this.#position = await readEnd(this.#database);
    this.#windowStart = this.#position;
    await listener.on(eventChannel, () => void this.refresh());
    await this.refresh();
  }

  /** Reads what is new; resolves when everything settled at the time of the call has been handed out. */
  async refresh(): Promise<void> {
    this.#readAgain = true;
    this.#reading ??= this.#read();
    await this.#reading;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** The next events after `after` that match, waiting for them if need be. Rejects when `signal` aborts. */
  async next(after: Position, filter: EventFilter, signal: AbortSignal): Promise<EventBatch> {
    let cursor = after;
    while (comparePositions(cursor, this.#position) < 0) {
      signal.throwIfAborted();
      const batch = await this.replay(cursor, this.#position, filter);
      if (batch.events.length > 0) return batch;
      cursor = batch.cursor;
    }
    return this.#wait(filter, signal);
  }

  /** One page of what has happened after `after` and up to `until`, which has been reached already. */
  async replay(after: Position, until: Position, filter: EventFilter): Promise<EventBatch> {
    const { pageSize } = this.#options;
    const events =
      comparePositions(after, this.#windowStart) >= 0
        ? this.#fromWindow(after, until, filter).slice(0, pageSize)
        : await readEvents(this.#patientDatabase, { after, until }, filter, pageSize);
    return { events, cursor: events.length === pageSize ? (events.at(-1) ?? until) : until };
  }

  #fromWindow(after: Position, until: Position, filter: EventFilter): LoggedEvent[] {
    return this.#window.filter(
      (event) =>
        comparePositions(event, after) > 0 && comparePositions(event, until) <= 0 && matches(filter, event),
    );
  }

  #wait(filter: EventFilter, signal: AbortSignal): Promise<EventBatch> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const stop = (): void => {
        this.#unregister(waiter);
        signal.removeEventListener("abort", abort);
      };
      const abort = (): void => {
        stop();
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        filter,
        wake: (batch) => {
          stop();
          resolve(batch);
        },
      };
      signal.addEventListener("abort", abort);
      for (const [index, key] of this.#places(waiter)) {
        index.set(key, (index.get(key) ?? new Set()).add(waiter));
      }
    });
  }

  #places({ filter }: Waiter): [Map<string, Set<Waiter>>, string][] {
    if (filter.messageIds === undefined) return [[this.#byAccount, filter.accountId]];
    return filter.messageIds.map((id) => [this.#byMessage, id]);
  }

  #unregister(waiter: Waiter): void {
    for (const [index, key] of this.#places(waiter)) {
      const waiters = index.get(key);
      waiters?.delete(waiter);
      if (waiters?.size === 0) index.delete(key);
    }
  }

  async #read(): Promise<void> {
    clearTimeout(this.#timer);
    let delayMs = this.#options.pollMs;
    try {
      while (this.#readAgain && !this.#closed) {
        this.#readAgain = false;
        const tail = await readTailAfter(this.#database, this.#position, this.#options.pageSize);
        this.#hand(tail.events, tail.position);
        if (tail.more) this.#readAgain = true;
        delayMs = tail.unsettled ? unsettledRetryMs : this.#options.pollMs;
        this.#failing = false;
      }
    } catch (error) {
      if (!this.#failing && !this.#closed) this.#options.onError(error as Error);
      this.#failing = true;
    }
    // Before anyone else can run: a hint from here on starts a reading of its own.
    this.#reading = undefined;
    if (!this.#closed) this.#timer = setTimeout(() => void this.refresh(), delayMs);
  }

  /** Advances to `position` and wakes whoever waits for one of these events. */
  #hand(events: LoggedEvent[], position: Position): void {
    this.#position = position;
    if (events.length === 0) return;
    this.#window.push(...events);
    const surplus = this.#window.length - this.#options.windowSize;
    if (surplus > 0) this.#windowStart = this.#window.splice(0, surplus).at(-1) ?? this.#windowStart;
    this.#options.onEvents(events);
    for (const [waiter, wanted] of this.#wantedBy(events)) waiter.wake({ events: wanted, cursor: position });
  }

  #wantedBy(events: LoggedEvent[]): Map<Waiter, LoggedEvent[]> {
    const wanted = new Map<Waiter, LoggedEvent[]>();
    for (const event of events) {
      for (const waiters of [this.#byMessage.get(event.messageId), this.#byAccount.get(event.accountId)]) {
        for (const waiter of waiters ?? []) {
          if (!matches(waiter.filter, event)) continue;
          const batch = wanted.get(waiter);
          if (batch) batch.push(event);
          else wanted.set(waiter, [event]);
        }
      }
    }
    return wanted;
  }
}
