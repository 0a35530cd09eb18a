import type { MessageFailure, ReportedStatus, StatusMap } from "../provider.ts";

/**
 * The six words of the TikoSMS documentation, then the SMPP words other gateways use for the same things.
 * A message that TikoSMS still has in its own queue is, for us, submitted.
 */
const statuses = {
  SENT: "SENT",
  DELIVRD: "DELIVERED",
  UNDELIV: "UNDELIVERED",
  EXPIRED: "EXPIRED",
  REJECTD: "REJECTED",
  UNKNOWN: "UNKNOWN",

  DELIVERED: "DELIVERED",
  ACCEPTD: "SENT",
  ENROUTE: "SENT",
  QUEUED: "SUBMITTED",
  PENDING: "SUBMITTED",
  SCHEDULED: "SUBMITTED",
  DELETED: "CANCELLED",
  CANCELED: "CANCELLED",
  FAILED: "FAILED",
} as const satisfies StatusMap;

/** What a status word means, in whatever case it comes. */
export function readStatus(word: string): ReportedStatus {
  const key = word.trim().toUpperCase();
  return isKnown(key) ? statuses[key] : "UNKNOWN";
}

function isKnown(word: string): word is keyof typeof statuses {
  return Object.hasOwn(statuses, word);
}

/** TikoSMS gives no reasons in its reports, so the status itself is all there is to say. */
const failures: Partial<Record<ReportedStatus, MessageFailure>> = {
  UNDELIVERED: { code: "undelivered", text: "The message could not be delivered.", permanent: false },
  EXPIRED: { code: "expired", text: "The message expired before it could be delivered.", permanent: false },
  REJECTED: { code: "rejected_by_carrier", text: "The carrier rejected the message.", permanent: true },
  FAILED: { code: "failed", text: "TikoSMS failed to send the message.", permanent: false },
};

/** The failure that goes with a status, where the status is one. */
export function failureOf(status: ReportedStatus): MessageFailure | undefined {
  return failures[status];
}
