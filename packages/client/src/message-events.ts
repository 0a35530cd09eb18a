import type { MessageEventFields, MessageEventFilter, StreamResetReason } from "./types.ts";
import { messageEventsQuery } from "./queries.ts";
import { iterate, type Sink } from "./follow.ts";
import type { CursorStore } from "./store.ts";
import type { Operation } from "./transport.ts";

export interface MessageEventsOptions {
  /** Which events; absent: all of the account. */
  filter?: MessageEventFilter;
  /** The cursor to begin after; absent: from now. What `store` has comes before it. */
  after?: string;
  /** Keeps the cursor of each event that was handled. */
  store?: CursorStore;
  /** More fields of `MessageEvent`, in GraphQL: `"message { text cost { amount currency } }"`. */
  fields?: string;
  /** Everything logged so far was given; what follows is live. Called for each connection. */
  onCaughtUp?: (cursor: string) => void;
  /** Some events are no longer stored: fetch the present state again. The stream goes on by itself. */
  onReset?: (reset: { reason: StreamResetReason; cursor: string }) => void;
  /** Ends the iteration. */
  signal?: AbortSignal;
}

/** An event with its place in the log. */
export type MessageEvent<More = object> = MessageEventFields & More;

interface Frame {
  cursor: string;
  events?: MessageEvent[];
  reason?: StreamResetReason;
}

/** Each event once and in order. An event counts as handled, and is stored so, when the next one is asked for. */
export async function* messageEvents<More>(
  subscribe: (operation: Operation, sink: Sink, after: string | undefined) => () => void,
  { filter, after, store, fields = "", onCaughtUp, onReset }: MessageEventsOptions,
  stopped: AbortSignal,
): AsyncGenerator<MessageEvent<More>, void, void> {
  const query = messageEventsQuery.replace("...MessageEventFields", `...MessageEventFields ${fields}`);
  const start = (sink: Sink, cursor: string | undefined): (() => void) =>
    subscribe({ query, variables: { filter } }, sink, cursor);
  // Not awaited when there is nothing to wait for: nothing can happen between an event and its cursor then.
  const save = (cursor: string): void | Promise<void> => store?.save(cursor);
  const from = (await store?.load()) ?? after;
  for await (const data of iterate<{ messageEvents: Frame }>(start, from, stopped)) {
    const { cursor, events, reason } = data.messageEvents;
    for (const event of events ?? []) {
      if (stopped.aborted) return;
      yield event as MessageEvent<More>;
      const saving = save(event.cursor);
      if (saving) await saving;
    }
    if (reason) onReset?.({ reason, cursor });
    else if (!events) onCaughtUp?.(cursor);
    await save(cursor);
  }
}
