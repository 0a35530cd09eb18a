import type { FailureCode } from "../failure-codes.ts";
import type { ServedWords, WrittenStatus } from "../provider.ts";
import { errorIdOf } from "./errors.ts";
import { statusIdOf } from "./status.ts";

/** Our statuses as ids of the platform's table, where the reason does not name a closer one. */
const ids = {
  SCHEDULED: 26,
  QUEUED: 26,
  SUBMITTING: 26,
  OUTCOME_UNKNOWN: 26,
  SUBMITTED: 26,
  SENT: 7,
  DELIVERED: 5,
  READ: 5,
  UNDELIVERED: 9,
  EXPIRED: 15,
  REJECTED: 4,
  FAILED: 31,
  CANCELLED: 9,
  UNKNOWN: 26,
} as const satisfies Record<WrittenStatus, number>;

/** Statuses and errors by their ids, as text. */
export const served: ServedWords = {
  statusWord: (status, failureCode) =>
    String(statusIdOf(status, failureCode as FailureCode | undefined) ?? ids[status]),
  reasonWord(status, failureCode) {
    // The status has no word of its own.
    if (status === "CANCELLED") return String(errorIdOf("cancelled"));
    const id = failureCode === undefined ? undefined : errorIdOf(failureCode as FailureCode);
    return id === undefined ? undefined : String(id);
  },
};
