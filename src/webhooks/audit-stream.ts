import { shownEntry } from "../audit/entry-fields.ts";
import type { AuditFeed, StreamedEntry } from "../audit/feed.ts";
import { encodeCursor } from "../messages/log/event-log.ts";
import type { ClaimedWebhook } from "./claimed-webhook.ts";
import type { Delivered } from "./delivered.ts";
import type { OnAttempt } from "./message-stream.ts";

/** The audit log of a webhook's account, one entry after the other. */
export const auditOf = (
  { accountId, batchSize }: ClaimedWebhook,
  { feed, onAttempt }: { feed: AuditFeed; onAttempt: OnAttempt },
): Delivered<StreamedEntry> => ({
  get position() {
    return feed.position;
  },
  catchUp: () => feed.catchUp(),
  read: (signal) => ({
    next: (after) => feed.next(accountId, after, signal),
    replay: (after, until) => feed.replay(accountId, after, until),
  }),
  keyOf: () => accountId,
  prepare: () => undefined,
  body: (entries) => Promise.resolve(bodyOf(entries, batchSize > 1)),
  attempted: (kind) => onAttempt(kind, []),
});

function bodyOf(entries: readonly StreamedEntry[], isBatch: boolean): string {
  const shown = entries.map((entry) => ({ cursor: encodeCursor(entry), ...shownEntry(entry) }));
  const last = shown.at(-1);
  const content = isBatch
    ? { type: "audit.entries", timestamp: last?.at, data: { cursor: last?.cursor, entries: shown } }
    : { type: "audit.entry", timestamp: last?.at, data: last };
  return JSON.stringify(content);
}
