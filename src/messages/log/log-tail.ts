import type { Database } from "../../database/database.ts";
import type { Listener } from "../../database/listener.ts";
import { patient } from "../../database/read-through-outage.ts";
import { asksFacts, type EventFilter } from "./event-filter.ts";
import {
  behind,
  eventChannel,
  latest,
  readEnd,
  readEvents,
  readTailAfter,
  type Expired,
  type Tail,
} from "./event-log.ts";
import type { FeedSource, FeedTaker, Page, Range } from "./feed-source.ts";
import type { Position } from "./logged-event.ts";

export interface LogTailOptions {
  /** How often to look without a hint, so how long a lost one can delay an event. */
  pollMs?: number;
  /** The most events read at once. */
  pageSize?: number;
  /** Called once for each outage of the database. */
  onError: (error: Error) => void;
}

/**
 * Events behind an older open transaction are looked for again soon; most such transactions end with a hint
 * of their own.
 */
const unsettledRetryMs = 2;
const maxUnsettledRetryMs = 32;

/** What the watched filters need to read: nothing, the events, or also the facts of their messages. */
const Needs = { nothing: 0, events: 1, facts: 2 } as const;
type Needs = (typeof Needs)[keyof typeof Needs];

/** The end of the log in PostgreSQL. It reads no more than is watched: each new event once, when a NOTIFY hints at it. */
export class LogTail implements FeedSource {
  readonly #database: Database;
  readonly #patientDatabase: Database;
  readonly #options: Required<LogTailOptions>;
  #taker: FeedTaker | undefined;
  #watched = 0;
  #askFacts = 0;
  #position: Position = behind(0n);
  /** Everything after these positions was read, and with facts. */
  #eventsSince: Position = behind(0n);
  #factsSince: Position = behind(0n);
  #reading: Promise<void> | undefined;
  #readAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #unsettledMs = unsettledRetryMs;
  #isClosed = false;
  #isFailing = false;
  #isResting = false;
  #stopListening: (() => Promise<void>) | undefined;

  constructor(database: Database, options: LogTailOptions) {
    this.#database = database;
    this.#patientDatabase = patient(database);
    this.#options = { pollMs: 1000, pageSize: 500, ...options };
  }

  get isReading(): boolean {
    return this.#reading !== undefined;
  }

  async open(listener: Listener, taker: FeedTaker): Promise<Position> {
    this.#position = await readEnd(this.#database);
    this.#eventsSince = this.#position;
    this.#factsSince = this.#position;
    this.#taker = taker;
    await this.listen(listener);
    await this.refresh();
    return this.#position;
  }

  async listen(listener: Listener): Promise<void> {
    this.#isResting = false;
    this.#stopListening ??= await listener.on(eventChannel, () => {
      this.#taker?.hint();
      void this.refresh();
    });
  }

  /** Somebody else follows the log: neither looks nor listens by itself any more, until `listen`. */
  rest(): void {
    this.#isResting = true;
    clearTimeout(this.#timer);
    void this.#stopListening?.();
    this.#stopListening = undefined;
  }

  /** Somebody else has handed out everything up to here. Not while this reads. */
  skipTo(position: Position): void {
    this.#position = position;
  }

  async refresh(): Promise<boolean> {
    this.#readAgain = true;
    this.#reading ??= this.#read();
    await this.#reading;
    return !this.#isFailing;
  }

  watch(filter: EventFilter): void {
    this.#watched++;
    if (asksFacts(filter)) this.#askFacts++;
  }

  unwatch(filter: EventFilter): void {
    this.#watched--;
    if (asksFacts(filter)) this.#askFacts--;
  }

  completeSince(filter: EventFilter): Position {
    return asksFacts(filter) ? latest(this.#eventsSince, this.#factsSince) : this.#eventsSince;
  }

  readPage(range: Range, filter: EventFilter, limit: number): Promise<Page | Expired> {
    return readEvents(this.#patientDatabase, range, filter, limit);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  get #needs(): Needs {
    if (this.#watched === 0) return Needs.nothing;
    return this.#askFacts > 0 ? Needs.facts : Needs.events;
  }

  async #read(): Promise<void> {
    clearTimeout(this.#timer);
    let delayMs = this.#options.pollMs;
    try {
      while (this.#readAgain && !this.#isClosed) {
        this.#readAgain = false;
        const needs = this.#needs;
        const tail = await this.#readTail(needs);
        // Somebody new needs more than was read: read again.
        if (needs < this.#needs) {
          this.#readAgain = true;
          continue;
        }
        this.#hand(tail, needs);
        if (tail.more) this.#readAgain = true;
        delayMs = this.#pauseAfter(tail);
        this.#isFailing = false;
      }
    } catch (error) {
      if (!this.#isFailing && !this.#isClosed) this.#options.onError(error as Error);
      this.#isFailing = true;
    }
    // No other code runs in between: a hint that comes from now on starts a reading of its own.
    this.#reading = undefined;
    if (!this.#isClosed && !this.#isResting) this.#timer = setTimeout(() => void this.refresh(), delayMs);
  }

  async #readTail(needs: Needs): Promise<Tail> {
    if (needs > Needs.nothing) {
      const { pageSize: limit } = this.#options;
      return readTailAfter(this.#database, this.#position, { limit, facts: needs === Needs.facts });
    }
    const end = await readEnd(this.#database);
    const nothing = { events: [], unsettled: false, more: false, erasedTx: 0n };
    return { ...nothing, position: latest(end, this.#position) };
  }

  #pauseAfter({ unsettled, events }: Tail): number {
    const doubled = Math.min(this.#unsettledMs * 2, maxUnsettledRetryMs);
    this.#unsettledMs = unsettled && events.length === 0 ? doubled : unsettledRetryMs;
    return unsettled ? this.#unsettledMs : this.#options.pollMs;
  }

  #hand({ events, position, erasedTx }: Tail, needs: Needs): void {
    this.#position = position;
    if (needs < Needs.facts) this.#factsSince = position;
    if (needs === Needs.nothing) this.#eventsSince = position;
    this.#taker?.forget(behind(erasedTx));
    this.#taker?.take(events, position);
  }
}
