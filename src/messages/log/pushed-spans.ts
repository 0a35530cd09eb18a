import type { Database, Statement } from "../../database/database.ts";
import { noteFor } from "../../tracing/tracing.ts";
import type { LoggedEvent } from "./logged-event.ts";

const readTraces: Statement = {
  name: "read_traces_of_messages",
  text: "select id, trace::text from messages where id = any ($1::uuid[]) and trace is not null",
};

/** Notes in the traces of their messages that events have been pushed: to subscriptions, say. Only while tracing is on. */
export async function notePushed(
  database: Database,
  events: Iterable<LoggedEvent>,
  to: string,
): Promise<void> {
  const pushed = [...events];
  const endedAt = new Date();
  const ids = [...new Set(pushed.map(({ messageId }) => messageId))];
  const rows = await database.query<{ id: string; trace: string }>(readTraces, [ids]);
  const traces = new Map(rows.map(({ id, trace }) => [id, trace]));
  for (const { messageId, status, receivedAt: startedAt } of pushed)
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
