import { comparePositions, type Expired } from "./event-log.ts";
import type { Position } from "./logged-event.ts";
import type { EventBatch, Topic, TopicListener, Topics } from "./topics.ts";

/** What a reader asks its feed for. */
interface ReadFeed {
  readonly position: Position;
  replay(
    range: { after: Position; until: Position },
    topic: Topic,
    signal: AbortSignal,
  ): Promise<EventBatch | Expired>;
}

/** Reads the events of one filter as they come. */
export class EventReader {
  readonly #feed: ReadFeed;
  readonly #topic: Topic;
  readonly #signal: AbortSignal;
  #waiter: PromiseWithResolvers<EventBatch> | undefined;
  #listener: TopicListener | undefined;

  constructor(feed: ReadFeed, topic: Topic, topics: Topics, signal: AbortSignal) {
    this.#feed = feed;
    this.#topic = topic;
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
    return this.#feed.replay({ after, until }, this.#topic, this.#signal);
  }
}
