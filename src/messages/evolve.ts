import type { DecimalText } from "../providers/provider.ts";
import type { MessageStatus } from "./status.ts";

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
  /** What the provider charged; exact, as text or as Prisma's decimal. */
  cost: DecimalText | { toString(): DecimalText } | null;
  submittedAt: Date | null;
  sentAt: Date | null;
  deliveredAt: Date | null;
  updatedAt: Date;
}

/** What an event says to the message. */
export interface StateChange {
  applied: boolean;
  status: MessageStatus;
  version: number;
  providerStatus: string | null;
  providerMessageId: string | null;
  providerBatchId: string | null;
  failureCode: string | null;
  failureText: string | null;
  failurePermanent: boolean | null;
  mccmnc: string | null;
  messageCost: DecimalText | null;
  occurredAt: Date;
  receivedAt: Date;
}

/** Statuses that only a message in the provider's hands can have. */
const accepted: ReadonlySet<MessageStatus> = new Set([
  "SUBMITTED",
  "SENT",
  "DELIVERED",
  "READ",
  "UNDELIVERED",
]);

/**
 * The message after one more event. The writer and every live stream use this same fold, so that a stream shows
 * each version exactly as it was stored. Known facts stay when a later event does not repeat them.
 */
export function evolve<State extends MessageState>(state: State, event: StateChange): State {
  if (!event.applied) return state;
  const { status, occurredAt } = event;
  return {
    ...state,
    status,
    version: event.version,
    providerStatus: event.providerStatus ?? state.providerStatus,
    providerMessageId: event.providerMessageId ?? state.providerMessageId,
    providerBatchId: event.providerBatchId ?? state.providerBatchId,
    failureCode: event.failureCode ?? state.failureCode,
    failureText: event.failureText ?? state.failureText,
    failurePermanent: event.failurePermanent ?? state.failurePermanent,
    mccmnc: event.mccmnc ?? state.mccmnc,
    cost: event.messageCost ?? state.cost,
    submittedAt: state.submittedAt ?? (accepted.has(status) ? event.receivedAt : null),
    sentAt: status === "SENT" ? occurredAt : state.sentAt,
    deliveredAt: status === "DELIVERED" ? occurredAt : state.deliveredAt,
    updatedAt: event.receivedAt,
  };
}
