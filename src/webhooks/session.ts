import { comparePositions } from "../messages/log/event-log.ts";
import { eventId } from "../messages/log/timelines.ts";
import type { Position } from "../messages/log/logged-event.ts";
import type { ResetReason } from "./bodies.ts";
import type { ClaimedWebhook } from "./claimed-webhook.ts";
import type { Answer } from "./endpoints.ts";
import type { Delivered, DeliveredReader } from "./delivered.ts";

/** The content of one request. */
export type Unit<Item> =
  | { kind: "events"; events: readonly Item[]; end: Position }
  | { kind: "reset"; reason: ResetReason; end: Position };

/** An event, or a gap in the log, on its way to the endpoint. */
interface Entry<Item> {
  state: "waiting" | "sending" | "done";
  /** Undefined for a gap. */
  event: Item | undefined;
  reason: ResetReason | undefined;
  position: Position;
}

interface SessionOptions<Item extends Position> {
  webhook: ClaimedWebhook;
  source: Delivered<Item>;
  /** The most requests in progress. */
  maxInFlight: number;
  /** Stores the end of a batch before it is sent for the first time. */
  plan: (end: Position) => Promise<void>;
  deliver: (unit: Unit<Item>) => Promise<Answer>;
  /** Everything up to here has been delivered. */
  onProgress: (cursor: Position) => void;
  /** Ids of events after the cursor that an earlier session has delivered. */
  delivered: Set<string>;
  signal: AbortSignal;
}

/** How many events wait in memory before no more are read. */
const lookAhead = 200;

/**
 * Delivers from the webhook's cursor on until a request fails: single events, several of them at a time but
 * those of one message one after the other, or batches one after the other. It begins with one request at a
 * time and allows one more after each success, so an endpoint that does not answer holds a single one.
 */
export class Session<Item extends Position> {
  readonly #options: SessionOptions<Item>;
  readonly #reader: DeliveredReader<Item>;
  readonly #ended = new AbortController();
  readonly #end = Promise.withResolvers<Answer | undefined>();
  /** Keys whose items must not overtake each other. */
  readonly #busyKeys = new Set<string>();
  readonly #isBatching: boolean;
  #queue: Entry<Item>[] = [];
  /** Everything up to here is in the queue or delivered. */
  #read: Position;
  #isWaiting = false;
  #isDraining = false;
  #room = Promise.withResolvers<void>();
  #inFlight = 0;
  #window = 1;
  #failure: Answer | undefined;
  #error: Error | undefined;

  constructor(options: SessionOptions<Item>) {
    const { webhook, source, signal } = options;
    this.#options = options;
    this.#read = webhook.progress.cursor;
    this.#isBatching = webhook.batchSize > 1;
    this.#reader = source.read(AbortSignal.any([signal, this.#ended.signal]));
  }

  /** Resolves with the failure that ended it, or undefined when the signal did. Rejects when it cannot read. */
  async run(): Promise<Answer | undefined> {
    const { signal } = this.#options;
    const advance = (): void => this.#advance();
    signal.addEventListener("abort", advance);
    try {
      void this.#readOn();
      return await this.#end.promise;
    } finally {
      signal.removeEventListener("abort", advance);
      this.#ended.abort();
      this.#room.resolve();
    }
  }

  /**
   * Reads nothing more, and ends once everything before the last event that was sent is delivered. Otherwise whoever
   * continues from the cursor would repeat what is behind.
   */
  drain(): void {
    this.#isDraining = true;
    this.#advance();
  }

  /** Undefined unless everything up to the end of the log has been delivered. */
  get idleAt(): Position | undefined {
    return this.#isWaiting && this.#queue.length === 0 ? this.#options.source.position : undefined;
  }

  get #isOver(): boolean {
    return this.#failure !== undefined || this.#error !== undefined || this.#options.signal.aborted;
  }

  async #readOn(): Promise<void> {
    try {
      await this.#checkStart();
      while (!this.#isOver && !this.#isDraining) {
        await this.#readPage();
        while (this.#queue.length >= lookAhead && !this.#isOver && !this.#isDraining) {
          this.#room = Promise.withResolvers();
          await this.#room.promise;
        }
      }
    } catch (error) {
      if (!this.#isOver) this.#error = error as Error;
      this.#advance();
    }
  }

  /** The cursor is ahead of the log when the database was set back to an earlier state. */
  async #checkStart(): Promise<void> {
    const { source, signal } = this.#options;
    if (comparePositions(this.#read, source.position) <= 0) return;
    // Another process may have read further than this one.
    await source.catchUp(signal);
    if (comparePositions(this.#read, source.position) > 0) this.#addReset("AHEAD_OF_LOG");
  }

  async #readPage(): Promise<void> {
    const { source } = this.#options;
    const [after, until] = [this.#read, source.position];
    const isBehind = comparePositions(after, until) < 0;
    this.#isWaiting = !isBehind;
    const page = await (isBehind ? this.#reader.replay(after, until) : this.#reader.next(after));
    this.#isWaiting = false;
    if (this.#isOver || this.#isDraining) return;
    if (page.kind === "expired") return this.#addReset("EXPIRED");
    this.#read = page.cursor;
    this.#add(page.events);
  }

  #add(events: readonly Item[]): void {
    const { delivered, source } = this.#options;
    source.prepare(events);
    for (const event of events) {
      const isDone = delivered.size > 0 && delivered.delete(eventId(event));
      const position = { tx: event.tx, id: event.id };
      this.#queue.push({ state: isDone ? "done" : "waiting", event, reason: undefined, position });
    }
    this.#settle();
    this.#advance();
  }

  #addReset(reason: ResetReason): void {
    this.#read = this.#options.source.position;
    this.#queue.push({ state: "waiting", event: undefined, reason, position: this.#read });
    this.#advance();
  }

  /** Sends what may be sent now, and ends when nothing more will be sent. */
  #advance(): void {
    while (!this.#isOver && this.#inFlight < (this.#isBatching ? 1 : this.#window)) {
      const entries = this.#take();
      if (entries.length === 0) break;
      void this.#send(entries);
    }
    if (this.#inFlight > 0 || !(this.#isOver || this.#isDraining)) return;
    this.#keepDelivered();
    if (this.#error) this.#end.reject(this.#error);
    else this.#end.resolve(this.#failure);
  }

  /** The entries of the next request. */
  #take(): Entry<Item>[] {
    if (this.#isDraining) return this.#takeSingle(this.#queue.slice(0, this.#lastSent));
    const [first] = this.#queue;
    if (first && !first.event) return first.state === "waiting" ? [first] : [];
    return this.#isBatching ? this.#takeBatch() : this.#takeSingle(this.#queue);
  }

  /** The place of the last event that was sent. */
  get #lastSent(): number {
    return Math.max(
      0,
      this.#queue.findLastIndex(({ state }) => state !== "waiting"),
    );
  }

  #takeSingle(queue: readonly Entry<Item>[]): Entry<Item>[] {
    const { source } = this.#options;
    for (const entry of queue) {
      // Everything before a gap is delivered before it is reported.
      if (!entry.event) return [];
      if (entry.state === "waiting" && !this.#busyKeys.has(source.keyOf(entry.event))) return [entry];
    }
    return [];
  }

  #takeBatch(): Entry<Item>[] {
    const { batchSize, progress } = this.#options.webhook;
    const end = progress.batch;
    if (end && comparePositions(this.#read, end) < 0) return [];
    const gap = this.#queue.findIndex(({ event }) => !event);
    const entries = gap < 0 ? this.#queue : this.#queue.slice(0, gap);
    const planned = end && entries.filter(({ position }) => comparePositions(position, end) <= 0);
    return planned && planned.length > 0 ? planned : entries.slice(0, batchSize);
  }

  async #send(entries: readonly Entry<Item>[]): Promise<void> {
    const events = entries.flatMap(({ event }) => event ?? []);
    const end = entries.at(-1)?.position ?? this.#read;
    const reason = entries[0]?.reason;
    this.#inFlight++;
    for (const entry of entries) entry.state = "sending";
    const keys = events.map((event) => this.#options.source.keyOf(event));
    for (const key of keys) this.#busyKeys.add(key);
    try {
      if (this.#isBatching && !reason) await this.#options.plan(end);
      const unit: Unit<Item> = reason ? { kind: "reset", reason, end } : { kind: "events", events, end };
      const answer = this.#isOver ? undefined : await this.#options.deliver(unit);
      this.#finish(entries, answer);
    } catch (error) {
      this.#error ??= error as Error;
    }
    this.#inFlight--;
    for (const key of keys) this.#busyKeys.delete(key);
    this.#advance();
  }

  #finish(entries: readonly Entry<Item>[], answer: Answer | undefined): void {
    const isDone = answer?.kind === "delivered";
    for (const entry of entries) entry.state = isDone ? "done" : "waiting";
    if (!isDone) return void (this.#failure ??= answer);
    this.#window = Math.min(this.#window + 1, this.#options.maxInFlight);
    this.#settle();
  }

  /** Moves the cursor over what is done. */
  #settle(): void {
    const firstOpen = this.#queue.findIndex(({ state }) => state !== "done");
    const done = this.#queue.splice(0, firstOpen < 0 ? this.#queue.length : firstOpen);
    // With nothing left in the queue, it moves over the events that the filter leaves out too.
    const cursor = this.#queue.length === 0 ? this.#read : done.at(-1)?.position;
    if (cursor && comparePositions(cursor, this.#options.webhook.progress.cursor) !== 0) {
      this.#options.onProgress(cursor);
    }
    if (this.#queue.length < lookAhead) this.#room.resolve();
  }

  /** Events that were delivered after one that was not. */
  #keepDelivered(): void {
    for (const { state, event } of this.#queue) {
      if (state === "done" && event) this.#options.delivered.add(eventId(event));
    }
  }
}
