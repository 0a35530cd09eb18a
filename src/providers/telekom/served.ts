import type { ServedWords, WrittenStatus } from "../provider.ts";

/** Our statuses in the words of `check_message`. Telekom SK has one word for what did not arrive, whoever failed. */
const words = {
  SCHEDULED: "SCHEDULED",
  QUEUED: "QUEUED",
  SUBMITTING: "PROCESSING",
  OUTCOME_UNKNOWN: "SENDING",
  SUBMITTED: "SENDING",
  SENT: "SENT",
  DELIVERED: "DELIVERED",
  READ: "READ",
  UNDELIVERED: "UNDELIVERABLE",
  EXPIRED: "EXPIRED",
  REJECTED: "DENIED",
  FAILED: "UNDELIVERABLE",
  CANCELLED: "DELETED",
  UNKNOWN: "UNKNOWN",
} as const satisfies Record<WrittenStatus, string>;

export const served: ServedWords = { statusWord: (status) => words[status] };
