import type { ServedWords, WrittenStatus } from "../provider.ts";

/**
 * Our statuses in the six words of the TikoSMS documentation. It has one word for everything before the end,
 * and none for a message that was read, failed here or was cancelled.
 */
const words = {
  SCHEDULED: "SENT",
  QUEUED: "SENT",
  SUBMITTING: "SENT",
  OUTCOME_UNKNOWN: "SENT",
  SUBMITTED: "SENT",
  SENT: "SENT",
  DELIVERED: "DELIVRD",
  READ: "DELIVRD",
  UNDELIVERED: "UNDELIV",
  EXPIRED: "EXPIRED",
  REJECTED: "REJECTD",
  FAILED: "UNDELIV",
  CANCELLED: "UNDELIV",
  UNKNOWN: "UNKNOWN",
} as const satisfies Record<WrittenStatus, string>;

export const served: ServedWords = { statusWord: (status) => words[status] };
