import type { EventFeed } from "../messages/log/event-feed.ts";
import type { LoggedEvent } from "../messages/log/logged-event.ts";
import type { Bodies } from "./bodies.ts";
import type { ClaimedWebhook } from "./claimed-webhook.ts";
import type { Delivered } from "./delivered.ts";
import type { Answer } from "./endpoints.ts";

/** Called for each attempt; the events are those of messages that it delivered. */
export type OnAttempt = (kind: Answer["kind"], events: readonly LoggedEvent[]) => void;

/** The events of messages that a webhook asks for. */
export const messagesOf = (
  { filter, withoutTexts, batchSize }: ClaimedWebhook,
  { feed, bodies, onAttempt }: { feed: EventFeed; bodies: Bodies; onAttempt: OnAttempt },
): Delivered<LoggedEvent> => ({
  get position() {
    return feed.position;
  },
  catchUp: (signal) => feed.catchUp(signal),
  read: (signal) => feed.read(filter, signal),
  keyOf: ({ messageId }) => messageId,
  prepare: (events) => bodies.prepare(events, withoutTexts),
  body: (events) => bodies.of(events, { withoutTexts, isBatch: batchSize > 1 }),
  attempted: onAttempt,
});
