import { columns } from "../../database/columns.ts";
import { execute, type Queryable, type Statement } from "../../database/database.ts";
import { eventChannel } from "../log/event-log.ts";
import { listedAs } from "../model/status.ts";
import type { NewEvent } from "./event-of-change.ts";
import { stateColumns, stateTypes, type LockedMessage } from "./locked-message.ts";

const loggedTypes = {
  accountId: "uuid",
  messageId: "uuid",
  providerId: "uuid",
  version: "int",
  status: "message_status",
  providerStatus: "text",
  source: "event_source",
  applied: "boolean",
  ignoredReason: "ignored_reason",
  occurredAt: "timestamptz",
  receivedAt: "timestamptz",
  part: "smallint",
  parts: "smallint",
  detail: "text",
  providerMessageId: "text",
  providerBatchId: "text",
  failureCode: "text",
  failureText: "text",
  failurePermanent: "boolean",
  mccmnc: "text",
  cost: "numeric",
  messageCost: "numeric",
  rerouted: "jsonb",
  costCurrency: "text",
} satisfies Record<keyof NewEvent, string>;

const logged = columns(loggedTypes);
const stamped = columns({ lastEventTx: "bigint", ...loggedTypes });
const states = columns({
  id: "uuid",
  listedAs: "message_status",
  checkAt: "timestamptz",
  keepsCheck: "boolean",
  ...stateTypes,
});

const writeStatesAndEvents: Statement = {
  name: "write_states_and_events",
  text: `
    with state as (
      select * from ${states.unnested()} as s (${states.selected})
    ), written as (
      update messages as m
      set ${stateColumns.assignedFrom("s")}, listed_as = s."listedAs",
        last_event_tx = greatest(m.last_event_tx, pg_current_xact_id()::text::bigint)
      from state as s
      where m.id = s.id
    ), unplanned as (
      delete from message_checks
      where message_id in (select id from state where "checkAt" is null and not "keepsCheck")
    ), planned as (
      insert into message_checks as c (message_id, at)
      select id, "checkAt" from state where "checkAt" is not null
      order by id
      on conflict (message_id) do update set at = excluded.at, checks = 0
    ), logged as (
      insert into message_events (tx, ${logged.names})
      select greatest("lastEventTx", pg_current_xact_id()::text::bigint), ${logged.selected}
      from ${stamped.unnested(states.keys.length + 1)} with ordinality as e (${stamped.selected}, place)
      order by place
    )
    select pg_notify('${eventChannel}', '')`,
};

const moveMessages: Statement = {
  name: "move_messages",
  text: `
    update messages as m
    set provider_id = s."providerId", sender = coalesce(s.sender, m.sender), route = coalesce(s.route, m.route),
      estimated_cost = case when s.route is null then m.estimated_cost else s."estimatedCost" end,
      estimated_currency = case when s.route is null then m.estimated_currency else s."estimatedCurrency" end
    from json_to_recordset($1) as s (
      id uuid, "providerId" uuid, sender text, route jsonb, "estimatedCost" numeric, "estimatedCurrency" text
    )
    where m.id = s.id`,
};

/** Writes the events, and the states of the messages that have one. */
export async function writeTransitions(
  transaction: Queryable,
  changed: ReadonlyMap<string, LockedMessage>,
  newEvents: readonly NewEvent[],
): Promise<void> {
  if (newEvents.length === 0) return;
  const written = new Set(newEvents.map(({ messageId }) => messageId));
  const newStates = [...changed.values()].filter(({ id }) => written.has(id)).map(toState);
  const rows = newEvents.map((event) => ({
    ...event,
    lastEventTx: changed.get(event.messageId)?.lastEventTx,
  }));
  await execute(transaction, writeStatesAndEvents, [...states.lists(newStates), ...stamped.lists(rows)]);
  await move(transaction, newEvents);
}

const toState = (message: LockedMessage) => ({
  ...message,
  listedAs: listedAs(message.status),
  checkAt: message.nextCheckAt,
  keepsCheck: message.nextCheckAt === undefined,
});

/** Writes the new providers of messages that were rerouted; the last one counts. */
async function move(transaction: Queryable, newEvents: readonly NewEvent[]): Promise<void> {
  const moves = newEvents.flatMap(({ messageId: id, rerouted }) => (rerouted ? [{ id, ...rerouted }] : []));
  const last = new Map(moves.map((one) => [one.id, one]));
  if (moves.length > 0) await execute(transaction, moveMessages, [JSON.stringify([...last.values()])]);
}
