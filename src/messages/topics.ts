import { filterKey, matcherOf, type EventFilter, type FeedEvent } from "./event-filter.ts";
import type { EventBatch } from "./event-feed.ts";

/** Someone who takes batches as they come. */
export interface TopicListener {
  deliver(batch: EventBatch): void;
  /** Nothing more will come. */
  end(): void;
}

/** One filter, and everyone who waits for its next event: they are all handed the same batch. */
export interface Topic {
  readonly filter: EventFilter;
  readonly matches: (event: FeedEvent) => boolean;
  /** Absent until someone does: most filters have one reader, who waits or listens. */
  waiting?: Set<PromiseWithResolvers<EventBatch>>;
  listening?: Set<TopicListener>;
  /** Readers that use it. */
  readers: number;
}

type Kind = "message" | "campaign" | "provider" | "account";

/**
 * The filters that are read at present, found by what an event says of itself: an event costs as much as there are
 * filters that can want it, not as much as there are readers.
 */
export class Topics {
  readonly #topics = new Map<string, Topic>();
  readonly #index = new Map<string, Set<Topic>>();

  /** Readers waiting for an event. */
  get waiting(): number {
    return [...this.#topics.values()].reduce(
      (count, { waiting, listening }) => count + (waiting?.size ?? 0) + (listening?.size ?? 0),
      0,
    );
  }

  join(filter: EventFilter): Topic {
    const key = filterKey(filter);
    const topic = this.#topics.get(key) ?? this.#add(key, filter);
    topic.readers++;
    return topic;
  }

  leave(topic: Topic): void {
    if (--topic.readers > 0) return;
    this.#topics.delete(filterKey(topic.filter));
    for (const place of placesOf(topic.filter)) {
      const topics = this.#index.get(place);
      topics?.delete(topic);
      if (topics?.size === 0) this.#index.delete(place);
    }
  }

  /** What each filter wants of these events, in their order. */
  wanting(events: readonly FeedEvent[]): Map<Topic, FeedEvent[]> {
    const wanted = new Map<Topic, FeedEvent[]>();
    for (const event of events) {
      for (const topic of this.#topicsFor(event)) {
        if (!topic.matches(event)) continue;
        const batch = wanted.get(topic);
        if (batch) batch.push(event);
        else wanted.set(topic, [event]);
      }
    }
    return wanted;
  }

  #add(key: string, filter: EventFilter): Topic {
    const topic: Topic = {
      filter,
      matches: matcherOf(filter),
      readers: 0,
    };
    this.#topics.set(key, topic);
    for (const place of placesOf(filter)) {
      const topics = this.#index.get(place);
      if (topics) topics.add(topic);
      else this.#index.set(place, new Set([topic]));
    }
    return topic;
  }

  *#topicsFor({ messageId, campaignId, providerId, accountId }: FeedEvent): Generator<Topic> {
    yield* this.#index.get(place("message", messageId)) ?? [];
    if (campaignId !== null) yield* this.#index.get(place("campaign", campaignId)) ?? [];
    if (providerId !== null) yield* this.#index.get(place("provider", providerId)) ?? [];
    yield* this.#index.get(place("account", accountId)) ?? [];
  }
}

const place = (kind: Kind, id: string): string => `${kind} ${id}`;

/** Where a filter is found: by the narrowest thing it names. */
function placesOf({ messageIds, campaignId, providerId, accountId }: EventFilter): string[] {
  if (messageIds) return [...new Set(messageIds)].map((id) => place("message", id));
  if (campaignId !== undefined) return [place("campaign", campaignId)];
  if (providerId !== undefined) return [place("provider", providerId)];
  return [place("account", accountId)];
}
