/** Where a message stands. The order is the rank: a message only moves forward. */
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
 * The one transition table: what may follow each status, whoever says so. A receipt for a message that we
 * believe is still queued is believed too: it proves that the provider has it.
 */
const followers: Readonly<Record<MessageStatus, readonly MessageStatus[]>> = {
  SCHEDULED: ["QUEUED", "SUBMITTING", "OUTCOME_UNKNOWN", "SUBMITTED", "SENT", "UNKNOWN", ...ends],
  QUEUED: ["SUBMITTING", "OUTCOME_UNKNOWN", "SUBMITTED", "SENT", "UNKNOWN", ...ends],
  // Back to QUEUED only when the provider is proven not to have accepted it.
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

/** Nothing is expected to follow (a DELIVERED message may still become READ). */
export const isFinal = (status: MessageStatus): boolean => finals.has(status);

/** Why a message in `current` ignores `next`; undefined when it takes it. */
export function ignoredReason(current: MessageStatus, next: MessageStatus): IgnoredReason | undefined {
  if (followers[current].includes(next)) return undefined;
  if (current === next) return "DUPLICATE";
  return isFinal(current) ? "ALREADY_FINAL" : "LATE";
}

/** The statuses in which a message is still ours alone, and may be cancelled. */
export const cancellable: readonly MessageStatus[] = ["SCHEDULED", "QUEUED"];

/** The statuses of a message on its way: in most it stays for moments, and lists find it in all of them alike. */
const onTheWay: ReadonlySet<MessageStatus> = new Set(["QUEUED", "SUBMITTING", "SUBMITTED", "SENT"]);

/** Where lists find a message once it takes `status` (see `Message.listedAs`). */
export const listedAs = (status: MessageStatus): MessageStatus =>
  onTheWay.has(status) ? "SUBMITTING" : status;

/** Where lists look for messages in one of `statuses`: each message is in one of these places. */
export function placesOf(statuses: readonly MessageStatus[]): MessageStatus[] {
  // Those that have been on their way for long, too.
  const overdue = statuses.some((status) => status === "SUBMITTED" || status === "SENT");
  return [...new Set([...statuses.map(listedAs), ...(overdue ? (["SENT"] as const) : [])])];
}
