import type { Listener } from "../../database/listener.ts";
import type { EventFilter } from "../log/event-filter.ts";
import { behind, comparePositions, latest, type Expired } from "../log/event-log.ts";
import { toFeedEvents } from "../log/event-rows.ts";
import type { FeedSource, FeedTaker, Page, Range } from "../log/feed-source.ts";
import type { LogTail } from "../log/log-tail.ts";
import type { FeedEvent, Position } from "../log/logged-event.ts";
import { Arrivals } from "./arrivals.ts";
import type { Bus } from "./bus.ts";
import type { StoredLog } from "./stored-log.ts";
import { WatchedSubjects } from "./watched-subjects.ts";
import { decodeMark, decodeRow, positionOf, type Mark, type Names } from "./wire.ts";

/** Relays mark at least once a second; after that long without one the log is read from PostgreSQL. */
const maxSilenceMs = 2_500;
const lookEveryMs = 500;

export interface StreamSourceOptions {
  bus: Pick<Bus, "listen" | "onDown">;
  names: Names;
  /** The log in PostgreSQL: what is missing is read there, and everything while NATS or its relay is away. */
  tail: LogTail;
  stored: StoredLog;
  /** Told when the events come from somewhere else than before. */
  onChange?: (from: "nats" | "postgresql") => void;
  /** Told when something was missing, and is read from PostgreSQL. */
  onRepair?: () => void;
}

/**
 * Follows the log as the relay publishes it: events of watched subjects, and marks that say which events there were. What
 * a mark names and has not arrived is read from PostgreSQL before anything later is handed out.
 */
export class StreamSource implements FeedSource {
  readonly #options: StreamSourceOptions;
  readonly #arrivals = new Arrivals();
  readonly #subjects: WatchedSubjects;
  readonly #marks: Mark[] = [];
  #taker: FeedTaker | undefined;
  #listener: Listener | undefined;
  #position: Position = behind(0n);
  #heardAt = -Infinity;
  #isLive = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StreamSourceOptions) {
    const { bus, names } = options;
    this.#options = options;
    this.#subjects = new WatchedSubjects({
      names,
      listen: (subject) => bus.listen(subject, (payload) => this.#arrive(payload)),
    });
  }

  /** Whether events come from NATS at present. */
  get isLive(): boolean {
    return this.#isLive;
  }

  get isOpen(): boolean {
    return this.#taker !== undefined;
  }

  async open(listener: Listener, taker: FeedTaker): Promise<Position> {
    const { bus, names, tail } = this.#options;
    this.#listener = listener;
    this.#taker = taker;
    this.#position = await tail.open(listener, {
      take: (events, position) => this.#take(events, position),
      forget: (until) => taker.forget(until),
      hint: () => taker.hint(),
    });
    bus.listen(names.marks, (payload) => this.#mark(decodeMark(payload)));
    bus.onDown(() => this.#fallBack());
    this.#timer = setInterval(() => {
      if (performance.now() - this.#heardAt > maxSilenceMs) this.#fallBack();
    }, lookEveryMs).unref();
    return this.#position;
  }

  async refresh(): Promise<boolean> {
    const isRead = await this.#options.tail.refresh();
    this.#goOn();
    return isRead;
  }

  watch(filter: EventFilter): void {
    this.#options.tail.watch(filter);
    this.#subjects.watch(filter, this.#position);
  }

  unwatch(filter: EventFilter): void {
    this.#options.tail.unwatch(filter);
    this.#subjects.unwatch(filter);
  }

  completeSince(filter: EventFilter): Position {
    return latest(this.#options.tail.completeSince(filter), this.#subjects.watchedSince(filter));
  }

  async readPage(range: Range, filter: EventFilter, limit: number): Promise<Page | Expired> {
    const { stored, tail } = this.#options;
    return (await stored.readPage(range, filter, limit)) ?? tail.readPage(range, filter, limit);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#options.tail.close();
  }

  #arrive(payload: string): void {
    const row = decodeRow(payload);
    // One that cannot be read is missing at its mark.
    if (row) this.#arrivals.add(row);
  }

  #mark(mark: Mark | undefined): void {
    // Without one for long, the log is read from PostgreSQL.
    if (!mark) return;
    this.#heardAt = performance.now();
    this.#options.stored.note(mark);
    this.#taker?.forget(behind(mark.erasedTx));
    this.#marks.push(mark);
    this.#goOn();
  }

  /** Handles the marks that wait. Not while the tail reads: it would hand out the same. */
  #goOn(): void {
    const { tail } = this.#options;
    while (!tail.isReading) {
      const mark = this.#marks.shift();
      if (!mark) return;
      if (!this.#handOut(mark)) void this.#repair();
    }
  }

  /** False when something is missing. */
  #handOut(mark: Mark): boolean {
    const { from, to, events } = mark;
    const ahead = comparePositions(to, this.#position);
    if (ahead <= 0) {
      this.#arrivals.dropUntil(to);
      if (ahead === 0) this.#goLive();
      return true;
    }
    if (comparePositions(from, this.#position) > 0) return false;
    // What has been handed out is counted too: the mark names it.
    const rows = this.#arrivals.between(from, to);
    if (!this.#subjects.hasAll(mark, rows)) return false;
    const news = rows.filter((row) => comparePositions(positionOf(row), this.#position) > 0);
    this.#arrivals.dropUntil(to);
    this.#options.tail.skipTo(to);
    this.#take(toFeedEvents(news), to);
    if (events.size > 0) this.#taker?.hint();
    this.#goLive();
    return true;
  }

  async #repair(): Promise<void> {
    if (this.#isLive) this.#options.onRepair?.();
    await this.refresh();
  }

  #take(events: FeedEvent[], position: Position): void {
    this.#position = position;
    this.#taker?.take(events, position);
  }

  #goLive(): void {
    if (this.#isLive) return;
    this.#isLive = true;
    this.#options.tail.rest();
    this.#options.onChange?.("nats");
  }

  #fallBack(): void {
    const { tail, onChange } = this.#options;
    if (!this.#isLive || !this.#listener) return;
    this.#isLive = false;
    onChange?.("postgresql");
    // Without the database it listens as soon as that is back.
    tail.listen(this.#listener).catch(() => undefined);
    void this.refresh();
  }
}
