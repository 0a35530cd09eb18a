import type { ServedWords, WrittenStatus } from "../provider.ts";

/** Our statuses in the words of the platform behind Tonkra. It has none for a message that was read or cancelled. */
const words = {
  SCHEDULED: "Scheduled",
  QUEUED: "Queued",
  SUBMITTING: "Queued",
  OUTCOME_UNKNOWN: "Pending",
  SUBMITTED: "Pending",
  SENT: "Sent",
  DELIVERED: "Delivered",
  READ: "Delivered",
  UNDELIVERED: "Undelivered",
  EXPIRED: "Expired",
  REJECTED: "Rejected",
  FAILED: "Failed",
  CANCELLED: "Failed",
  UNKNOWN: "Unknown",
} as const satisfies Record<WrittenStatus, string>;

export const served: ServedWords = { statusWord: (status) => words[status] };
