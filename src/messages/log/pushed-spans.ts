import type { Database, Statement } from "../../database/database.ts";
import { isTracing, noteFor } from "../../tracing/tracing.ts";
import type { LoggedEvent } from "./logged-event.ts";

export type PushedEvent = Pick<LoggedEvent, "messageId" | "status" | "receivedAt">;

const readTraces: Statement = {
  name: "read_traces_of_messages",
  text: "select id, trace::text from messages where id = any ($1::uuid[]) and trace is not null",
};

/** An older event is read again by someone who missed it, which says nothing about the way of its message. */
const newsMs = 60_000;

/**
 * Notes in the traces of their messages that events have been pushed, to subscriptions or webhooks. Without tracing it
 * does nothing. The traces are read only here, so that the log need not carry them.
 */
export function notePushed(database: Database, events: readonly PushedEvent[], to: string): void {
  if (!isTracing()) return;
  const endedAt = new Date();
  const news = events.filter(({ receivedAt }) => endedAt.getTime() - receivedAt.getTime() < newsMs);
  // A trace that cannot be read is no reason to fail what has been pushed.
  if (news.length > 0) note(database, news, to, endedAt).catch(() => undefined);
}

async function note(
  database: Database,
  events: readonly PushedEvent[],
  to: string,
  endedAt: Date,
): Promise<void> {
  const ids = [...new Set(events.map(({ messageId }) => messageId))];
  const rows = await database.query<{ id: string; trace: string }>(readTraces, [ids]);
  const traces = new Map(rows.map(({ id, trace }) => [id, trace]));
  for (const { messageId, status, receivedAt: startedAt } of events)
    noteFor(traces.get(messageId), {
      name: `push ${to}`,
      kind: "producer",
      startedAt,
      endedAt,
      attributes: {
        "messaging.operation.name": "push",
        "messaging.operation.type": "send",
        "messaging.destination.name": to,
        "messaging.message.id": messageId,
        "smsgraph.event.status": status,
      },
    });
}
