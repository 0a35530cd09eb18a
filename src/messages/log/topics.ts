import type { LoggedEvent, Position, FeedEvent } from "./logged-event.ts";
import type { FeedSource } from "./feed-source.ts";
import { WatchedMessages } from "./watched-messages.ts";
import { filterKey, matcherOf, normalFilter, type EventFilter } from "./event-filter.ts";

/** Events of one filter in log order, and the position that its readers have reached with them. */
export interface EventBatch {
  kind: "batch";
  events: LoggedEvent[];
  cursor: Position;
}

/** A reader that gets batches as they come. */
export interface TopicListener {
  deliver(batch: EventBatch): void;
  /** No more batches will come. */
  end(): void;
}

/** One filter, and everyone who waits for its next event: they all get the same batch. */
export interface Topic {
  readonly key: string;
  readonly filter: EventFilter;
  readonly matches: (event: FeedEvent) => boolean;
  /** Created when first needed: most filters have one reader, which either waits or listens. */
  waiting?: Set<PromiseWithResolvers<EventBatch>>;
  listening?: Set<TopicListener>;
  /** How many readers use it. */
  readers: number;
}

/**
 * The filters that have readers at present, indexed by the fields of an event. The cost of an event grows
 * with the filters that may want it, not with the number of readers.
 */
export class Topics {
  readonly #topics = new Map<string, Topic>();
  readonly #index = {
    message: new TopicIndex(),
    campaign: new TopicIndex(),
    provider: new TopicIndex(),
    account: new TopicIndex(),
  };
  readonly #watched = new WatchedMessages();
  readonly #source: Pick<FeedSource, "watch" | "unwatch">;

  /** @param source is told which filters there are */
  constructor(source: Pick<FeedSource, "watch" | "unwatch">) {
    this.#source = source;
  }

  /** Readers waiting for an event. */
  get waiting(): number {
    return [...this.#topics.values()].reduce(
      (count, { waiting, listening }) => count + (waiting?.size ?? 0) + (listening?.size ?? 0),
      0,
    );
  }

  get isEmpty(): boolean {
    return this.#topics.size === 0;
  }

  /** @throws TooManyWatchedError when it is bounded, and names more messages than there is room for */
  join(wanted: EventFilter, { isBounded = false } = {}): Topic {
    const filter = normalFilter(wanted);
    const key = filterKey(filter);
    const known = this.#topics.get(key);
    if (!known && isBounded) this.#watched.check(filter);
    const topic = known ?? this.#add(key, filter);
    topic.readers++;
    return topic;
  }

  leave(topic: Topic): void {
    if (--topic.readers > 0) return;
    this.#topics.delete(topic.key);
    this.#watched.leave(topic.filter);
    this.#source.unwatch(topic.filter);
    const { kind, ids } = indexOf(topic.filter);
    for (const id of ids) this.#index[kind].delete(id, topic);
  }

  /** The events that each filter wants, in their order. */
  wanting(events: readonly FeedEvent[]): Map<Topic, FeedEvent[]> {
    const wanted = new Map<Topic, FeedEvent[]>();
    const { message, campaign, provider, account } = this.#index;
    for (const event of events) {
      offer(event, message, event.messageId, wanted);
      offer(event, campaign, event.campaignId, wanted);
      offer(event, provider, event.providerId, wanted);
      offer(event, account, event.accountId, wanted);
    }
    return wanted;
  }

  #add(key: string, filter: EventFilter): Topic {
    this.#watched.enter(filter);
    const topic: Topic = {
      key,
      filter,
      matches: matcherOf(filter),
      readers: 0,
    };
    this.#topics.set(key, topic);
    this.#source.watch(filter);
    const { kind, ids } = indexOf(filter);
    for (const id of ids) this.#index[kind].add(id, topic);
    return topic;
  }
}

function offer(
  event: FeedEvent,
  index: TopicIndex,
  id: string | null,
  wanted: Map<Topic, FeedEvent[]>,
): void {
  // Checked first, since looking up an id that was just read from the database means hashing it.
  if (index.isEmpty || id === null) return;
  for (const topic of index.of(id)) {
    if (!topic.matches(event)) continue;
    const batch = wanted.get(topic);
    if (batch) batch.push(event);
    else wanted.set(topic, [event]);
  }
}

/** Filters by an id that they name. */
class TopicIndex {
  /** Most ids have one, and a set with one entry takes much memory. */
  readonly #topics = new Map<string, Topic | Set<Topic>>();

  get isEmpty(): boolean {
    return this.#topics.size === 0;
  }

  of(id: string): Iterable<Topic> {
    const topics = this.#topics.get(id);
    if (topics instanceof Set) return topics;
    return topics ? [topics] : [];
  }

  add(id: string, topic: Topic): void {
    const topics = this.#topics.get(id);
    if (topics instanceof Set) topics.add(topic);
    else this.#topics.set(id, topics ? new Set([topics, topic]) : topic);
  }

  delete(id: string, topic: Topic): void {
    const topics = this.#topics.get(id);
    if (topics instanceof Set) topics.delete(topic);
    if (topics === topic || (topics instanceof Set && topics.size === 0)) this.#topics.delete(id);
  }
}

/** Where a filter is indexed: under the narrowest field that it names. */
function indexOf({ messageIds, campaignId, providerId, accountId }: EventFilter): {
  kind: "message" | "campaign" | "provider" | "account";
  ids: Iterable<string>;
} {
  if (messageIds) return { kind: "message", ids: messageIds };
  if (campaignId !== undefined) return { kind: "campaign", ids: [campaignId] };
  if (providerId !== undefined) return { kind: "provider", ids: [providerId] };
  return { kind: "account", ids: [accountId] };
}
