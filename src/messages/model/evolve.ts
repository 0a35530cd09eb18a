import type { IgnoredReason, MessageStatus } from "./status.ts";
import type { StoredRoute } from "./stored-route.ts";
import type { DecimalText } from "../../lib/money.ts";

/** The part of a message that its events change. */
export interface MessageState {
  status: MessageStatus;
  version: number;
  providerStatus: string | null;
  providerMessageId: string | null;
  providerBatchId: string | null;
  failureCode: string | null;
  failureText: string | null;
  failurePermanent: boolean | null;
  mccmnc: string | null;
  /** What the provider charged, exact: as text or as Prisma's decimal. */
  cost: DecimalText | { toString(): DecimalText } | null;
  costCurrency: string | null;
  submittedAt: Date | null;
  sentAt: Date | null;
  deliveredAt: Date | null;
  updatedAt: Date;
}

/** Another provider takes the message over. */
export interface Rerouting {
  providerId: string;
  /** Absent: unchanged. */
  sender?: string;
  route?: StoredRoute;
  estimatedCost?: DecimalText | null;
  estimatedCurrency?: string | null;
}

/** What an event does to its message. */
export interface StateChange extends Omit<
  MessageState,
  "cost" | "submittedAt" | "sentAt" | "deliveredAt" | "updatedAt"
> {
  applied: boolean;
  ignoredReason: IgnoredReason | null;
  /** What the provider charged for the whole message; null where the event brings nothing new. */
  messageCost: DecimalText | null;
  /** Set when the event moves the message to another provider. */
  rerouted: Rerouting | null;
  occurredAt: Date;
  receivedAt: Date;
}

/** Statuses that a message can have only once its provider has accepted it. */
const accepted: ReadonlySet<MessageStatus> = new Set([
  "SUBMITTED",
  "SENT",
  "DELIVERED",
  "READ",
  "UNDELIVERED",
]);

/**
 * The message after one more event. The writer and every live stream use this same function, so that a stream
 * shows each version exactly as it was stored. Known values stay when a later event does not repeat them.
 */
export function evolve<State extends MessageState>(state: State, event: StateChange): State {
  if (!event.applied) return event.ignoredReason === "OTHER_ATTEMPT" ? state : withMissingFacts(state, event);
  const { status, occurredAt, receivedAt } = event;
  return {
    ...state,
    status,
    version: event.version,
    providerStatus: event.providerStatus ?? state.providerStatus,
    providerMessageId: event.providerMessageId ?? state.providerMessageId,
    providerBatchId: event.providerBatchId ?? state.providerBatchId,
    ...failureAfter(state, event),
    mccmnc: event.mccmnc ?? state.mccmnc,
    ...costAfter(state, event),
    submittedAt: state.submittedAt ?? (accepted.has(status) ? receivedAt : null),
    sentAt: status === "SENT" ? occurredAt : state.sentAt,
    deliveredAt: deliveredAfter(state, event),
    // A parked receipt is older than the event after which it is applied.
    updatedAt: receivedAt > state.updatedAt ? receivedAt : state.updatedAt,
    ...event.rerouted,
  };
}

/**
 * An event that came too late to change the status may still bring what no other event will: the provider's
 * ids, which a receipt that arrived before the submit response may lack and polling needs, the network, and
 * the price of another part.
 */
function withMissingFacts<State extends MessageState>(state: State, event: StateChange): State {
  return {
    ...state,
    providerMessageId: state.providerMessageId ?? event.providerMessageId,
    providerBatchId: state.providerBatchId ?? event.providerBatchId,
    mccmnc: state.mccmnc ?? event.mccmnc,
    ...costAfter(state, event),
  };
}

/** An amount comes with its currency; an amount without one keeps the known currency. */
function costAfter(
  { cost, costCurrency }: MessageState,
  event: StateChange,
): Pick<MessageState, "cost" | "costCurrency"> {
  if (event.messageCost === null) return { cost, costCurrency };
  return { cost: event.messageCost, costCurrency: event.costCurrency ?? costCurrency };
}

/** A provider may revise DELIVERED: then the time of delivery is cleared. */
function deliveredAfter(state: MessageState, { status, occurredAt }: StateChange): Date | null {
  if (status === "DELIVERED") return occurredAt;
  return status === "READ" ? state.deliveredAt : null;
}

type Failure = Pick<MessageState, "failureCode" | "failureText" | "failurePermanent">;

/** A message that arrived has not failed, whatever an earlier report said. */
function failureAfter(state: Failure, event: StateChange): Failure {
  if (event.status === "DELIVERED" || event.status === "READ") {
    return { failureCode: null, failureText: null, failurePermanent: null };
  }
  const { failureCode, failureText, failurePermanent } = event.failureCode === null ? state : event;
  return { failureCode, failureText, failurePermanent };
}
