/** The statuses of a message to a person. The order is the rank: a message only moves forward. */
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

export type OutboundStatus = (typeof messageStatuses)[number];

/** RECEIVED is the only status of a message from a person. */
export type MessageStatus = OutboundStatus | "RECEIVED";

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
  RECEIVED: [],
};

const finals: ReadonlySet<MessageStatus> = new Set([...ends, "RECEIVED"]);

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

/** Most of these last only moments, so lists keep messages in any of them under one value (`inFlight`). */
const inFlightStatuses: ReadonlySet<MessageStatus> = new Set(["QUEUED", "SUBMITTING", "SUBMITTED", "SENT"]);

/**
 * The value of `listed_as` for messages in flight. It borrows a status, since a type of its own would rewrite
 * the table of messages and three of its indexes under an exclusive lock.
 */
export const inFlight: MessageStatus = "SUBMITTING";

/** The statuses of a message that waits for its provider. */
export const queued = ["QUEUED", "SUBMITTING"] as const satisfies readonly MessageStatus[];

/** SQL on `messages`: whether a message waits for its provider. */
export const isQueuedInSql = `listed_as = '${inFlight}' and status in (${queued.map((one) => `'${one}'`).join(", ")})`;

/** The value of `listed_as` for messages in flight whose receipt is overdue. */
export const overdue: MessageStatus = "SENT";

/** Where lists find a message that has `status` (see `Message.listedAs`). */
export const listedAs = (status: MessageStatus): MessageStatus =>
  inFlightStatuses.has(status) ? inFlight : status;

/** The same in SQL, for a message that is stored for the first time: `status` is an expression. */
export const listedAsInSql = (status: string): string =>
  `case when ${status} in (${[...inFlightStatuses].map((one) => `'${one}'`).join(", ")}) then '${inFlight}' else ${status} end`;

/** The values of `listed_as` of messages in one of `statuses`. */
export function listsHolding(statuses: readonly MessageStatus[]): MessageStatus[] {
  const mayBeOverdue = statuses.some((status) => status === "SUBMITTED" || status === "SENT");
  return [...new Set([...statuses.map(listedAs), ...(mayBeOverdue ? [overdue] : [])])];
}
