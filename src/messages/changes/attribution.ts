import { revisableOf } from "../model/check-schedule.ts";
import type { Rerouting } from "../model/evolve.ts";
import type { WeighedPart } from "../model/parts.ts";
import type { StatusChange } from "../model/status-change.ts";
import { cancellable, ignoredReason, type IgnoredReason, type MessageStatus } from "../model/status.ts";
import type { LockedMessage } from "./locked-message.ts";

/** What a change means for a message that may have moved from one provider to another. */
interface Attribution {
  ignored?: IgnoredReason | undefined;
  rerouting?: Rerouting | undefined;
  /** True when another provider has the message: then this one's ids and prices are not stored with it. */
  isForeign?: boolean;
}

export function attribute(message: LockedMessage, change: StatusChange, status: MessageStatus): Attribution {
  const { providerId, rerouting } = change;
  if (rerouting && status === message.status && cancellable.includes(status)) return { rerouting };
  const isEarlier = isForeign(message, providerId);
  const ignored =
    isRevision(message, change) && !isEarlier ? undefined : ignoredReason(message.status, status);
  if (!isEarlier || providerId === undefined) return { ignored, rerouting };
  return attributeToEarlier(message, providerId, status, ignored);
}

/**
 * A provider that had the message earlier reports on it. An arrival counts, no matter which provider reports
 * it. While no other provider has received it yet, proof that the earlier one accepted it keeps it there, so
 * that it is not sent twice. Failures of the earlier one say nothing about the present attempt.
 */
function attributeToEarlier(
  message: LockedMessage,
  providerId: string,
  status: MessageStatus,
  ignored: IgnoredReason | undefined,
): Attribution {
  if (ignored) return { ignored, isForeign: true };
  const hasArrived = status === "DELIVERED" || status === "READ";
  if (isWaitingElsewhere(message, providerId) && (hasArrived || status === "SUBMITTED" || status === "SENT"))
    return { rerouting: { providerId } };
  return hasArrived ? { isForeign: true } : { ignored: "OTHER_ATTEMPT", isForeign: true };
}

/** One part that arrived is enough proof that an earlier provider accepted the message. */
export const withEarlierProof = (
  message: LockedMessage,
  { providerId }: StatusChange,
  weighed: WeighedPart,
): WeighedPart =>
  weighed.ignored === "AWAITING_PARTS" && isWaitingElsewhere(message, providerId)
    ? { ...weighed, ignored: undefined, status: "SENT" }
    : weighed;

const isForeign = (message: LockedMessage, providerId: string | undefined): boolean =>
  providerId !== undefined && message.providerId !== null && providerId !== message.providerId;

const isWaitingElsewhere = (message: LockedMessage, providerId: string | undefined): boolean =>
  isForeign(message, providerId) && (message.status === "QUEUED" || message.status === "SCHEDULED");

/** Whether a provider revises its final status, which some may for a while (see `RevisableStatus`). */
function isRevision({ status, kind, updatedAt }: LockedMessage, change: StatusChange): boolean {
  const revisable = revisableOf(kind);
  if (!revisable || revisable.status !== status || change.source === "API") return false;
  const until = updatedAt.getTime() + revisable.withinHours * 3_600_000;
  return revisable.by.some((word) => word === change.status) && change.receivedAt.getTime() <= until;
}
