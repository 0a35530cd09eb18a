import type { LockedMessage } from "./locked-message.ts";
import { execute, type Queryable, type Statement } from "../../database/database.ts";
import { checkReason, nextCheckAt } from "../model/check-schedule.ts";
import { evolve } from "../model/evolve.ts";
import { attribute, withEarlierProof } from "./attribution.ts";
import { indexableId } from "../../lib/uuid.ts";
import { eventChannel } from "../log/event-log.ts";
import { readPartHistory, weighPart, type PartReport, type WeighedPart } from "../model/parts.ts";
import { findReplays } from "./replays.ts";
import { addTallies, type CampaignMove, type Charge } from "./tallies.ts";
import type { StatusChange } from "../model/status-change.ts";
import { listedAs, type IgnoredReason, type MessageStatus } from "../model/status.ts";
import type { LoggedEvent } from "../log/logged-event.ts";

/** What became of a change. */
export interface Transition {
  change: StatusChange;
  applied: boolean;
  ignoredReason: IgnoredReason | null;
  /** The message's status after the change. */
  status: MessageStatus;
  /** Repeated so often that it is not added to the timeline any more. */
  isReplay?: boolean;
}

type NewEvent = Omit<LoggedEvent, "id" | "tx">;

/**
 * Changes messages after they are stored. It locks them, takes each change through the transition table in
 * the order given, and writes states and events together, in the caller's transaction. Only
 * `bulk-transition.ts` also changes a status, for plain steps of many messages; `checks.ts` changes where a
 * message is listed, and `forget-messages.ts` blanks and deletes old messages.
 */
export async function applyChanges(
  transaction: Queryable,
  changes: readonly StatusChange[],
): Promise<(Transition | undefined)[]> {
  const messages = await lockMessages(transaction, changes);
  const history = await readPartHistory(transaction, changes);
  const kinds = await readKinds(transaction, messages, changes);
  const events: NewEvent[] = [];
  const ignored = new Map<NewEvent, Transition>();
  const changed = new Map<string, LockedMessage>();
  const transitions = changes.map((change) => {
    const message = changed.get(change.messageId) ?? messages.get(change.messageId);
    if (!message || isMeantForAnother(message, change)) return undefined;
    const providerId = change.providerId ?? message.providerId;
    const reports = (history.get(message.id) ?? []).filter((report) => report.providerId === providerId);
    const event = toEvent(message, change, reports);
    const next = withNextCheck(withKind(evolve(message, event), event, kinds), event, change);
    if (isNoNews(event, message, next))
      return { change, applied: false, ignoredReason: event.ignoredReason, status: message.status };
    events.push(event);
    changed.set(message.id, next);
    // As the next transaction will read it: reports that are not in the log do not count.
    if (event.parts > 1) history.set(message.id, [...(history.get(message.id) ?? []), event]);
    const { applied, ignoredReason: reason } = event;
    const transition: Transition = { change, applied, ignoredReason: reason, status: next.status };
    if (bringsNothing(event, message, next)) ignored.set(event, transition);
    return transition;
  });
  const replays = await findReplays(transaction, [...ignored.keys()]);
  for (const event of replays) Object.assign(ignored.get(event) ?? {}, { isReplay: true });
  await writeAll(
    transaction,
    changed,
    events.filter((event) => !replays.has(event)),
  );
  await addTallies(transaction, movesOf(messages, changed));
  return transitions;
}

/** How the changes move the counts of campaigns. */
function movesOf(
  before: ReadonlyMap<string, LockedMessage>,
  after: ReadonlyMap<string, LockedMessage>,
): CampaignMove[] {
  return [...after.values()].flatMap((message) => {
    const earlier = before.get(message.id);
    const { campaignId } = message;
    if (campaignId === null || !earlier) return [];
    const charges = { before: chargeOf(earlier), after: chargeOf(message) };
    return [{ campaignId, from: earlier.status, to: message.status, charges }];
  });
}

const chargeOf = ({ cost, costCurrency }: LockedMessage): Charge => ({
  amount: cost?.toString() ?? null,
  currency: costCurrency,
});

/** What a provider repeats because we asked is not worth a line in the timeline; what it pushes is. */
function isNoNews(event: NewEvent, before: LockedMessage, after: LockedMessage): boolean {
  return (event.source === "POLL" || event.source === "RECONCILE") && bringsNothing(event, before, after);
}

function bringsNothing(event: NewEvent, before: LockedMessage, after: LockedMessage): boolean {
  if (event.applied || event.ignoredReason === "AWAITING_PARTS") return false;
  return facts.every((fact) => before[fact] === after[fact]);
}

/** What an ignored event may still add. */
const facts = ["providerMessageId", "providerBatchId", "mccmnc", "cost"] as const;

function isMeantForAnother(message: LockedMessage, { onlyFrom, providerId }: StatusChange): boolean {
  if (!onlyFrom) return false;
  return (
    !onlyFrom.includes(message.status) || (providerId !== undefined && providerId !== message.providerId)
  );
}

function toEvent(message: LockedMessage, change: StatusChange, reports: readonly PartReport[]): NewEvent {
  const weighed = withEarlierProof(message, change, weighPart(reports, message.status, change));
  const attribution = attribute(message, change, weighed.status);
  const reason = weighed.ignored ?? attribution.ignored ?? null;
  const applied = reason === null;
  const rerouted = applied ? (attribution.rerouting ?? null) : null;
  const event = {
    ...eventOf(message, change, weighed, reason),
    providerId: rerouted?.providerId ?? change.providerId ?? message.providerId,
    rerouted,
  };
  return attribution.isForeign === true ? withoutFacts(event) : event;
}

function eventOf(
  message: LockedMessage,
  change: StatusChange,
  weighed: WeighedPart,
  reason: IgnoredReason | null,
): Omit<NewEvent, "providerId" | "rerouted"> {
  const applied = reason === null;
  const isPart = (change.parts ?? 1) > 1;
  return {
    accountId: message.accountId,
    messageId: message.id,
    version: applied ? message.version + 1 : message.version,
    status: applied ? weighed.status : change.status,
    providerStatus: change.providerStatus ?? null,
    source: change.source,
    applied,
    ignoredReason: reason,
    occurredAt: change.occurredAt ?? change.receivedAt,
    receivedAt: change.receivedAt,
    part: change.part ?? 1,
    parts: change.parts ?? 1,
    detail: change.detail ?? null,
    providerMessageId: indexableId(change.providerMessageId),
    providerBatchId: indexableId(change.providerBatchId),
    failureCode: change.failure?.code ?? null,
    failureText: change.failure?.text ?? null,
    failurePermanent: change.failure?.permanent ?? null,
    mccmnc: change.mccmnc ?? null,
    cost: change.cost ?? null,
    costCurrency: change.cost === undefined ? null : (change.costCurrency ?? message.accountCurrency),
    // An ignored report does not change a known price; a report of another part adds to it.
    messageCost: applied || isPart || message.cost === null ? (weighed.messageCost ?? null) : null,
  };
}

const withoutFacts = (event: NewEvent): NewEvent => ({
  ...event,
  providerMessageId: null,
  providerBatchId: null,
  mccmnc: null,
  messageCost: null,
  costCurrency: null,
});

const withKind = (
  message: LockedMessage,
  { rerouted }: NewEvent,
  kinds: ReadonlyMap<string, string>,
): LockedMessage => (rerouted ? { ...message, kind: kinds.get(rerouted.providerId) ?? null } : message);

/** An applied event restarts the check schedule; an ignored one does not touch it. */
function withNextCheck(message: LockedMessage, event: NewEvent, change: StatusChange): LockedMessage {
  if (!event.applied) return message;
  const reason = change.isEnd === true ? undefined : checkReason(message.status, message.kind);
  const next = reason ? nextCheckAt(reason, 0, message.id, event.receivedAt) : null;
  return { ...message, nextCheckAt: next, retryAt: change.retryAt ?? null };
}

const lock: Statement = {
  name: "lock_messages",
  text: `
    select id, account_id as "accountId", provider_id as "providerId", campaign_id as "campaignId", status, version,
      last_event_tx as "lastEventTx", provider_status as "providerStatus",
      provider_message_id as "providerMessageId", provider_batch_id as "providerBatchId",
      failure_code as "failureCode", failure_text as "failureText", failure_permanent as "failurePermanent",
      mccmnc, cost, cost_currency as "costCurrency", submitted_at as "submittedAt", sent_at as "sentAt",
      delivered_at as "deliveredAt", updated_at as "updatedAt", retry_at as "retryAt",
      (select kind from providers where id = m.provider_id) as kind,
      (select currency from providers where id = m.provider_id) as "accountCurrency"
    from messages as m
    where id = any ($1::uuid[])
    order by id
    for no key update`,
};

/** In the order of their ids, so that two transactions never wait for each other. */
async function lockMessages(
  transaction: Queryable,
  changes: readonly StatusChange[],
): Promise<Map<string, LockedMessage>> {
  const ids = [...new Set(changes.map(({ messageId }) => messageId))];
  const rows = await transaction.query<LockedMessage>(lock, [ids]);
  return new Map(rows.map((row) => [row.id, row]));
}

const readKindsOf: Statement = {
  name: "read_provider_kinds",
  text: "select id, kind from providers where id = any ($1::uuid[])",
};

/** The kinds of providers that messages may move to. Usually there are none, and no statement is needed. */
async function readKinds(
  transaction: Queryable,
  messages: ReadonlyMap<string, LockedMessage>,
  changes: readonly StatusChange[],
): Promise<Map<string, string>> {
  const others = changes.flatMap(({ messageId, providerId, rerouting }) => {
    const own = messages.get(messageId)?.providerId;
    return [providerId, rerouting?.providerId].filter((id) => id !== undefined && id !== own);
  });
  if (others.length === 0) return new Map();
  const rows = await transaction.query<{ id: string; kind: string }>(readKindsOf, [[...new Set(others)]]);
  return new Map(rows.map(({ id, kind }) => [id, kind]));
}

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

const writeStatesAndEvents: Statement = {
  name: "write_states_and_events",
  text: `
    with state as (
      select * from json_to_recordset($1) as s (
        id uuid, status message_status, "listedAs" message_status, version int, "providerStatus" text,
        "providerMessageId" text, "providerBatchId" text, "failureCode" text, "failureText" text,
        "failurePermanent" boolean, mccmnc text, cost numeric, "costCurrency" text, "submittedAt" timestamptz,
        "sentAt" timestamptz, "deliveredAt" timestamptz, "updatedAt" timestamptz, "retryAt" timestamptz,
        "checkAt" timestamptz, "keepsCheck" boolean
      )
    ), written as (
      update messages as m
      set status = s.status, listed_as = s."listedAs", version = s.version, provider_status = s."providerStatus",
        provider_message_id = s."providerMessageId", provider_batch_id = s."providerBatchId",
        failure_code = s."failureCode", failure_text = s."failureText", failure_permanent = s."failurePermanent",
        mccmnc = s.mccmnc, cost = s.cost, cost_currency = s."costCurrency", submitted_at = s."submittedAt", sent_at = s."sentAt",
        delivered_at = s."deliveredAt", updated_at = s."updatedAt", retry_at = s."retryAt",
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
      insert into message_events (
        tx, account_id, message_id, provider_id, version, status, provider_status, source, applied,
        ignored_reason, occurred_at, received_at, part, parts, detail, provider_message_id, provider_batch_id,
        failure_code, failure_text, failure_permanent, mccmnc, cost, message_cost, rerouted, cost_currency
      )
      select greatest("lastEventTx", pg_current_xact_id()::text::bigint), "accountId", "messageId", "providerId",
        version, status, "providerStatus", source, applied, "ignoredReason", "occurredAt", "receivedAt", part,
        parts, detail, "providerMessageId", "providerBatchId", "failureCode", "failureText", "failurePermanent",
        mccmnc, cost, "messageCost", rerouted, "costCurrency"
      from json_to_recordset($2) as e (
        place int, "lastEventTx" bigint, "accountId" uuid, "messageId" uuid, "providerId" uuid, version int,
        status message_status, "providerStatus" text, source event_source, applied boolean,
        "ignoredReason" ignored_reason, "occurredAt" timestamptz, "receivedAt" timestamptz, part smallint,
        parts smallint, detail text, "providerMessageId" text, "providerBatchId" text, "failureCode" text,
        "failureText" text, "failurePermanent" boolean, mccmnc text, cost numeric, "messageCost" numeric,
        rerouted jsonb, "costCurrency" text
      )
      order by place
    )
    select pg_notify('${eventChannel}', '')`,
};

/** Writes the events, and the states of the messages that have one. */
async function writeAll(
  transaction: Queryable,
  changed: ReadonlyMap<string, LockedMessage>,
  events: NewEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const written = new Set(events.map(({ messageId }) => messageId));
  await write(
    transaction,
    [...changed.values()].filter(({ id }) => written.has(id)),
    events,
  );
}

async function write(transaction: Queryable, states: LockedMessage[], events: NewEvent[]): Promise<void> {
  const lastEventTx = new Map(states.map((state) => [state.id, state.lastEventTx]));
  const rows = events.map((event, place) => ({
    ...onlySet(event, eventColumns),
    place,
    lastEventTx: lastEventTx.get(event.messageId),
  }));
  const columns = states.map((state) => ({
    ...onlySet(state, stateColumns),
    listedAs: listedAs(state.status),
    checkAt: state.nextCheckAt ?? undefined,
    keepsCheck: state.nextCheckAt === undefined,
  }));
  await execute(transaction, writeStatesAndEvents, [JSON.stringify(columns), JSON.stringify(rows)]);
  const moves = events.flatMap(({ messageId: id, rerouted }) => (rerouted ? [{ id, ...rerouted }] : []));
  const last = new Map(moves.map((move) => [move.id, move]));
  if (moves.length > 0) await execute(transaction, moveMessages, [JSON.stringify([...last.values()])]);
}

const stateColumns = [
  "id",
  "status",
  "version",
  "providerStatus",
  "providerMessageId",
  "providerBatchId",
  "failureCode",
  "failureText",
  "failurePermanent",
  "mccmnc",
  "cost",
  "costCurrency",
  "submittedAt",
  "sentAt",
  "deliveredAt",
  "updatedAt",
  "retryAt",
] as const satisfies (keyof LockedMessage)[];

const eventColumns = [
  "accountId",
  "messageId",
  "providerId",
  "version",
  "status",
  "providerStatus",
  "source",
  "applied",
  "ignoredReason",
  "occurredAt",
  "receivedAt",
  "part",
  "parts",
  "detail",
  "providerMessageId",
  "providerBatchId",
  "failureCode",
  "failureText",
  "failurePermanent",
  "mccmnc",
  "cost",
  "messageCost",
  "rerouted",
  "costCurrency",
] as const satisfies (keyof NewEvent)[];

/** Drops columns without a value: most have none, and naming them would be most of the work on both sides. */
function onlySet<Row extends object>(row: Row, columns: readonly (keyof Row)[]): Partial<Row> {
  const set: Partial<Row> = {};
  for (const column of columns) if (row[column] !== null) set[column] = row[column];
  return set;
}
