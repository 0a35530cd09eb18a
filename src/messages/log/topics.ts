import type { LoggedEvent, Position, FeedEvent } from "./logged-event.ts";
import { asksFacts, filterKey, matcherOf, type EventFilter } from "./event-filter.ts";

/** Events of one filter, in log order, with the position its readers have then reached. */
export interface EventBatch {
  kind: "batch";
  events: LoggedEvent[];
  cursor: Position;
}

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

/** How much has to be known of new events: whether there are any, what they say, what is known of their messages too. */
export const Needs = { nothing: 0, events: 1, facts: 2 } as const;
export type Needs = (typeof Needs)[keyof typeof Needs];

/**
 * The filters that are read at present, found by what an event says of itself: an event costs as much as there are
 * filters that can want it, not as much as there are readers.
 */
export class Topics {
  readonly #topics = new Map<string, Topic>();
  readonly #index = { message: newPlace(), campaign: newPlace(), provider: newPlace(), account: newPlace() };
  #askFacts = 0;

  /** Readers waiting for an event. */
  get waiting(): number {
    return [...this.#topics.values()].reduce(
      (count, { waiting, listening }) => count + (waiting?.size ?? 0) + (listening?.size ?? 0),
      0,
    );
  }

  /** What the most demanding reader needs. */
  get needs(): Needs {
    if (this.#topics.size === 0) return Needs.nothing;
    return this.#askFacts > 0 ? Needs.facts : Needs.events;
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
    if (asksFacts(topic.filter)) this.#askFacts--;
    const { kind, ids } = placeOf(topic.filter);
    for (const id of ids) {
      const topics = this.#index[kind].get(id);
      topics?.delete(topic);
      if (topics?.size === 0) this.#index[kind].delete(id);
    }
  }

  /** What each filter wants of these events, in their order. */
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
    const topic: Topic = {
      filter,
      matches: matcherOf(filter),
      readers: 0,
    };
    this.#topics.set(key, topic);
    if (asksFacts(filter)) this.#askFacts++;
    const { kind, ids } = placeOf(filter);
    for (const id of ids) {
      const topics = this.#index[kind].get(id);
      if (topics) topics.add(topic);
      else this.#index[kind].set(id, new Set([topic]));
    }
    return topic;
  }
}

function offer(event: FeedEvent, place: TopicMap, id: string | null, wanted: Map<Topic, FeedEvent[]>): void {
  // To look an id up that has just been read is to hash it.
  const topics = place.size === 0 || id === null ? undefined : place.get(id);
  if (!topics) return;
  for (const topic of topics) {
    if (!topic.matches(event)) continue;
    const batch = wanted.get(topic);
    if (batch) batch.push(event);
    else wanted.set(topic, [event]);
  }
}

type TopicMap = Map<string, Set<Topic>>;

const newPlace = (): TopicMap => new Map();

/** Where a filter is found: by the narrowest thing it names. */
function placeOf({ messageIds, campaignId, providerId, accountId }: EventFilter): {
  kind: "message" | "campaign" | "provider" | "account";
  ids: Iterable<string>;
} {
  if (messageIds) return { kind: "message", ids: new Set(messageIds) };
  if (campaignId !== undefined) return { kind: "campaign", ids: [campaignId] };
  if (providerId !== undefined) return { kind: "provider", ids: [providerId] };
  return { kind: "account", ids: [accountId] };
}
