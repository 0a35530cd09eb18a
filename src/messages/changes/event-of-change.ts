import { indexableId } from "../../lib/uuid.ts";
import type { LoggedEvent } from "../log/logged-event.ts";
import { weighPart, type StandingParts, type WeighedPart } from "../model/parts.ts";
import type { StatusChange } from "../model/status-change.ts";
import type { IgnoredReason } from "../model/status.ts";
import { attribute, withEarlierProof } from "./attribution.ts";
import type { LockedMessage } from "./locked-message.ts";

/** An event that is about to be logged. */
export type NewEvent = Omit<LoggedEvent, "id" | "tx">;

/** The event that a change is to a message: applied, or ignored with a reason. `reports`: those of its parts. */
export function toEvent(message: LockedMessage, change: StatusChange, reports: StandingParts): NewEvent {
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

/** A repetition that we asked for is not worth a line in the timeline; one that the provider pushes is. */
export function isNoNews(event: NewEvent, before: LockedMessage, after: LockedMessage): boolean {
  return (event.source === "POLL" || event.source === "RECONCILE") && bringsNothing(event, before, after);
}

/** Whether the event leaves the message as it was. */
export function bringsNothing(event: NewEvent, before: LockedMessage, after: LockedMessage): boolean {
  if (event.applied || event.ignoredReason === "AWAITING_PARTS") return false;
  return facts.every((fact) => before[fact] === after[fact]);
}

/** What an ignored event may still add. */
const facts = ["providerMessageId", "providerBatchId", "mccmnc", "cost"] as const;
