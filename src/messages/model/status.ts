/** The statuses of a message. The order is the rank: a message only moves forward. */
export const messageStatuses = [
  "SCHEDULED",
  "QUEUED",
  "SUBMITTING",
  "OUTCOME_UNKNOWN",
  "SUBMITTED",
  "SENT",
  "UNKNOWN",
  "DELIVERED",
  "READ",
  "UNDELIVERED",
  "EXPIRED",
  "REJECTED",
  "FAILED",
  "CANCELLED",
] as const;

export type MessageStatus = (typeof messageStatuses)[number];

export type IgnoredReason = "DUPLICATE" | "LATE" | "ALREADY_FINAL" | "AWAITING_PARTS" | "OTHER_ATTEMPT";

const ends = ["DELIVERED", "READ", "UNDELIVERED", "EXPIRED", "REJECTED", "FAILED", "CANCELLED"] as const;

/**
 * The one transition table: what may follow each status, whatever the source. A receipt for a message that we
 * believe is still queued is accepted too: it proves that the provider has it.
 */
const followers: Readonly<Record<MessageStatus, readonly MessageStatus[]>> = {
  SCHEDULED: ["QUEUED", "SUBMITTING", "OUTCOME_UNKNOWN", "SUBMITTED", "SENT", "UNKNOWN", ...ends],
  QUEUED: ["SUBMITTING", "OUTCOME_UNKNOWN", "SUBMITTED", "SENT", "UNKNOWN", ...ends],
  // Back to QUEUED only when it is proven that the provider has not accepted it.
  SUBMITTING: ["QUEUED", "OUTCOME_UNKNOWN", "SUBMITTED", "SENT", "UNKNOWN", ...ends],
  OUTCOME_UNKNOWN: ["SUBMITTED", "SENT", "UNKNOWN", ...ends],
  SUBMITTED: ["SENT", "UNKNOWN", ...ends],
  SENT: ["UNKNOWN", ...ends],
  UNKNOWN: [...ends],
  DELIVERED: ["READ"],
  READ: [],
  UNDELIVERED: [],
  EXPIRED: [],
  REJECTED: [],
  FAILED: [],
  CANCELLED: [],
};

const finals: ReadonlySet<MessageStatus> = new Set(ends);

/** Whether no further status is expected (a DELIVERED message may still become READ). */
export const isFinal = (status: MessageStatus): boolean => finals.has(status);

/** Why a message in `current` ignores `next`; undefined when it accepts it. */
export function ignoredReason(current: MessageStatus, next: MessageStatus): IgnoredReason | undefined {
  if (followers[current].includes(next)) return undefined;
  if (current === next) return "DUPLICATE";
  return isFinal(current) ? "ALREADY_FINAL" : "LATE";
}

/** The statuses in which we have not handed the message over, so it may be cancelled. */
export const cancellable: readonly MessageStatus[] = ["SCHEDULED", "QUEUED"];

/**
 * In flight: most of these statuses last only moments, so lists keep messages in any of them in one place.
 */
const onTheWay: ReadonlySet<MessageStatus> = new Set(["QUEUED", "SUBMITTING", "SUBMITTED", "SENT"]);

/** Where lists find a message that has `status` (see `Message.listedAs`). SUBMITTING stands for in flight. */
export const listedAs = (status: MessageStatus): MessageStatus =>
  onTheWay.has(status) ? "SUBMITTING" : status;

/** Where lists look for messages in one of `statuses`; each message is in one of these places. */
export function placesOf(statuses: readonly MessageStatus[]): MessageStatus[] {
  // Messages with an overdue receipt are listed apart, under SENT.
  const overdue = statuses.some((status) => status === "SUBMITTED" || status === "SENT");
  return [...new Set([...statuses.map(listedAs), ...(overdue ? (["SENT"] as const) : [])])];
}
