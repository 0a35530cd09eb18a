import type { Queryable } from "../../database/database.ts";
import { checkReason, nextCheckAt } from "../model/check-schedule.ts";
import { evolve } from "../model/evolve.ts";
import { lacksParts, readPartHistory } from "../model/parts.ts";
import type { StatusChange } from "../model/status-change.ts";
import { isFinal, type IgnoredReason, type MessageStatus } from "../model/status.ts";
import { changeOfErased } from "./change-of-erased.ts";
import { bringsNothing, isNoNews, toEvent, type NewEvent } from "./event-of-change.ts";
import { lockMessages, readKinds, type LockedMessage } from "./locked-message.ts";
import { findReplays } from "./replays.ts";
import { addStatistics, type Move } from "../statistics/moves.ts";
import { chargesOf, movesOf } from "./statistics.ts";
import { addTallies, type CampaignMove, type Charge, type Counted } from "./tallies.ts";
import { writeTransitions } from "./write-transitions.ts";
import type { StoredTrace } from "../../tracing/tracing.ts";

/** What became of a change. */
export type ChangeOutcome = Transition | SkippedChange;

/** A change that went through the transition table. */
export interface Transition {
  kind: "taken";
  change: StatusChange;
  applied: boolean;
  ignoredReason: IgnoredReason | null;
  /** The message's status after the change. */
  status: MessageStatus;
  /** Of the message. */
  trace: StoredTrace;
  /** Whether the texts and numbers of the message were taken away. */
  isErased: boolean;
  /** Repeated so often that it is not added to the timeline any more. */
  isReplay?: boolean;
}

/** There is no such message, or the change was only for another status or provider (`onlyFrom`). */
interface SkippedChange {
  kind: "skipped";
  change: StatusChange;
  isErased: boolean;
}

/**
 * Changes messages after they are stored. It locks them, takes each change through the transition table in
 * the order given, and writes states and events together, in the caller's transaction. Only
 * `bulk-transition.ts` also changes a status, for plain steps of many messages; `checks.ts` changes where a
 * message is listed, and `forget-messages.ts` blanks and deletes old messages.
 */
export async function applyChanges(
  transaction: Queryable,
  changes: readonly StatusChange[],
): Promise<ChangeOutcome[]> {
  const messages = await lockMessages(transaction, changes);
  const history = await readPartHistory(transaction, changes);
  const kinds = await readKinds(transaction, messages, changes);
  const events: NewEvent[] = [];
  const moves: Move[] = [];
  const ignored = new Map<NewEvent, Transition>();
  const changed = new Map<string, LockedMessage>();
  const outcomes = changes.map((told): ChangeOutcome => {
    const message = changed.get(told.messageId) ?? messages.get(told.messageId);
    if (!message || isMeantForAnother(message, told))
      return { kind: "skipped", change: told, isErased: message?.isErased === true };
    const change = message.isErased ? changeOfErased(told) : told;
    const providerId = change.providerId ?? message.providerId;
    const reported = history.of(message.id, providerId);
    const event = toEvent(message, change, reported);
    const evolved = withKind(evolve(message, event), event, kinds);
    const next = withNextCheck(evolved, event, change, lacksParts(reported, event));
    if (isNoNews(event, message, next))
      return {
        kind: "taken",
        change,
        applied: false,
        ignoredReason: event.ignoredReason,
        status: message.status,
        trace: message.trace,
        isErased: message.isErased,
      };
    events.push(event);
    moves.push(...movesOf(message, event));
    changed.set(message.id, next);
    // As the next transaction will read it: reports that are not in the log do not count.
    if (event.parts > 1) history.add(event);
    const { applied, ignoredReason } = event;
    const { status, trace, isErased } = next;
    const transition: Transition = {
      kind: "taken",
      change,
      applied,
      ignoredReason,
      status,
      trace,
      isErased,
    };
    if (bringsNothing(event, message, next)) ignored.set(event, transition);
    return transition;
  });
  const replays = await findReplays(transaction, [...ignored.keys()]);
  for (const event of replays) Object.assign(ignored.get(event) ?? {}, { isReplay: true });
  await writeTransitions(
    transaction,
    changed,
    events.filter((event) => !replays.has(event)),
  );
  await addTallies(transaction, campaignMovesOf(messages, changed));
  await addStatistics(transaction, moves, chargesOf(messages, changed));
  return outcomes;
}

/** How the changes move the counts of campaigns. */
function campaignMovesOf(
  before: ReadonlyMap<string, LockedMessage>,
  after: ReadonlyMap<string, LockedMessage>,
): CampaignMove[] {
  return [...after.values()].flatMap((message) => {
    const earlier = before.get(message.id);
    const { campaignId } = message;
    if (campaignId === null || !earlier) return [];
    const charges = { before: chargeOf(earlier), after: chargeOf(message) };
    return [{ campaignId, from: countedAs(earlier), to: countedAs(message), charges }];
  });
}

const countedAs = ({ status, providerId }: LockedMessage): Counted => ({ status, providerId });

const chargeOf = ({ cost, costCurrency }: LockedMessage): Charge => ({
  amount: cost?.toString() ?? null,
  currency: costCurrency,
});

function isMeantForAnother(message: LockedMessage, { onlyFrom, providerId }: StatusChange): boolean {
  if (!onlyFrom) return false;
  return (
    !onlyFrom.includes(message.status) || (providerId !== undefined && providerId !== message.providerId)
  );
}

const withKind = (
  message: LockedMessage,
  { rerouted }: NewEvent,
  kinds: ReadonlyMap<string, string>,
): LockedMessage => (rerouted ? { ...message, kind: kinds.get(rerouted.providerId) ?? null } : message);

/**
 * An applied event restarts the check schedule. An ignored one does not touch it, but for the report that was the last
 * one missing of a failed message.
 */
function withNextCheck(
  message: LockedMessage,
  event: NewEvent,
  change: StatusChange,
  isIncomplete: boolean,
): LockedMessage {
  if (!event.applied) {
    const endsChecks =
      event.parts > 1 &&
      !isIncomplete &&
      isFinal(message.status) &&
      event.providerId === message.providerId &&
      checkReason(message.status, message.kind) === undefined;
    return endsChecks ? { ...message, nextCheckAt: null } : message;
  }
  const reason = change.isEnd === true ? undefined : checkReason(message.status, message.kind, isIncomplete);
  const next = reason ? nextCheckAt(reason, 0, message.id, event.receivedAt) : null;
  return { ...message, nextCheckAt: next, retryAt: change.retryAt ?? null };
}
