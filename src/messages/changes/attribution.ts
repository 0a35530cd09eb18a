import { revisableOf } from "../model/check-schedule.ts";
import type { Rerouting } from "../model/evolve.ts";
import type { WeighedPart } from "../model/parts.ts";
import type { StatusChange } from "../model/status-change.ts";
import { ignoredReason, type IgnoredReason, type MessageStatus } from "../model/status.ts";
import type { LockedMessage } from "./locked-message.ts";

/** What a change means to a message that may have gone from one provider to another. */
export interface Attribution {
  ignored?: IgnoredReason | undefined;
  rerouting?: Rerouting | undefined;
  /** Another provider has the message: this one's ids and prices are not the message's. */
  isForeign?: boolean;
}

export function attribute(message: LockedMessage, change: StatusChange, status: MessageStatus): Attribution {
  const { providerId, rerouting } = change;
  if (rerouting && status === "QUEUED" && message.status === "QUEUED") return { rerouting };
  const isEarlier = isForeign(message, providerId);
  const ignored =
    isRevision(message, change) && !isEarlier ? undefined : ignoredReason(message.status, status);
  if (!isEarlier || providerId === undefined) return { ignored, rerouting };
  return attributeToEarlier(message, providerId, status, ignored);
}

/**
 * A provider that had the message before speaks of it. That it arrived is true whoever brought it. While nobody else
 * has it yet, proof that the first one took it keeps it there, so that it is not sent twice. Its failures say nothing
 * of the present attempt.
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

/** One part that arrived is proof enough that an earlier provider took the message. */
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

/** Whether a provider takes a final word back, as one may for a while (see `RevisableStatus`). */
function isRevision({ status, kind, updatedAt }: LockedMessage, change: StatusChange): boolean {
  const revisable = revisableOf(kind);
  if (!revisable || revisable.status !== status || change.source === "API") return false;
  const until = updatedAt.getTime() + revisable.withinHours * 3_600_000;
  return revisable.by.some((word) => word === change.status) && change.receivedAt.getTime() <= until;
}
