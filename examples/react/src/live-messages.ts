import type { Client } from "@urql/core";
import {
  MessagesDocument,
  WatchDocument,
  type MessageRowFragment,
  type WatchSubscription,
} from "./gql/graphql.ts";
import { createStore, type Store } from "./store.ts";

/** A message as the list shows it. */
export interface LiveMessage extends MessageRowFragment {
  /** Its newest event on the stream; absent when there was none yet. */
  latestEvent?: string;
}

/** What the page knows, and where the stream stood when it knew it. */
export interface LiveState {
  messages: readonly LiveMessage[];
  cursor: string | undefined;
  /** Events that have come, each counted once. */
  eventCount: number;
  /** Why the stream is over, when it is. */
  problem?: string;
}

export type LiveMessages = Store<LiveState>;

type Frame = WatchSubscription["messageEvents"];

const shownMessages = 50;
const retryMs = 1000;

/**
 * The newest messages, kept up to date by the stream. State and cursor are stored together, for as long as the tab is
 * open: after a reload the stream goes on from there, as it does after a disconnect.
 */
export function followMessages(client: Client, storageKey: string): LiveMessages {
  const stored = sessionStorage.getItem(storageKey);
  const nothing: LiveState = { messages: [], cursor: undefined, eventCount: 0 };
  const live = createStore<LiveState>(stored === null ? nothing : (JSON.parse(stored) as LiveState));
  let isComplete = stored !== null;

  function update(state: LiveState): void {
    live.set(state);
    // What is not complete yet is fetched again after a reload.
    if (isComplete) sessionStorage.setItem(storageKey, JSON.stringify(state));
  }

  function handle(frame: Frame): void {
    const { messages, eventCount } = live.get();
    const { cursor } = frame;
    if (frame.__typename === "MessageEventBatch") {
      const changed = frame.events.map(({ id, message }) => ({ ...message, latestEvent: id }));
      const count = eventCount + frame.events.length;
      update({ messages: merge(messages, changed), cursor, eventCount: count });
    } else if (frame.__typename === "StreamReset") {
      // Some events are gone for good: what we have may be outdated.
      isComplete = false;
      update({ messages: [], cursor, eventCount });
    } else {
      update({ messages, cursor, eventCount });
    }
    if (!isComplete && frame.__typename !== "MessageEventBatch") void fetchMessages();
  }

  /** The present state. What has changed by the time it is here comes over the stream, which is open already. */
  async function fetchMessages(): Promise<void> {
    const { data } = await client.query(MessagesDocument, {}).toPromise();
    if (!data) return void setTimeout(() => void fetchMessages(), retryMs);
    isComplete = true;
    const state = live.get();
    const fetched = data.messages.edges.map(({ node }) => node);
    update({ ...state, messages: merge(state.messages, fetched) });
  }

  client.subscription(WatchDocument, { after: live.get().cursor }).subscribe(({ data, error }) => {
    if (error) live.set({ ...live.get(), problem: error.message });
    else if (data) handle(data.messageEvents);
  });
  return live;
}

/** The newest of both. An answer to a query can be older than what the stream has brought meanwhile. */
function merge(known: readonly LiveMessage[], more: readonly LiveMessage[]): LiveMessage[] {
  const byId = new Map(known.map((message) => [message.id, message]));
  for (const message of more) {
    const present = byId.get(message.id);
    if (!present || present.version <= message.version) byId.set(message.id, { ...present, ...message });
  }
  return [...byId.values()]
    .toSorted((one, other) => other.createdAt.localeCompare(one.createdAt))
    .slice(0, shownMessages);
}
