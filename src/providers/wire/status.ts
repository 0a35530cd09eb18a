import type { MessageFailure, ReportedStatus, StatusMap } from "../provider.ts";

/** Reads a provider's words, in whatever case they come; a word it does not list is UNKNOWN. */
export function statusReader(statuses: StatusMap): (word: string) => ReportedStatus {
  return (word) => {
    const key = word.trim().toUpperCase();
    return (Object.hasOwn(statuses, key) ? statuses[key] : undefined) ?? "UNKNOWN";
  };
}

/** The failure that goes with a status, where the status is one and the provider gives no reason of its own. */
export function failureReader(title: string): (status: ReportedStatus) => MessageFailure | undefined {
  const failures: Partial<Record<ReportedStatus, MessageFailure>> = {
    UNDELIVERED: { code: "undelivered", text: "The message could not be delivered.", permanent: false },
    EXPIRED: {
      code: "expired",
      text: "The message expired before it could be delivered.",
      permanent: false,
    },
    REJECTED: { code: "rejected_by_carrier", text: "The carrier rejected the message.", permanent: true },
    FAILED: { code: "failed", text: `${title} failed to send the message.`, permanent: false },
  };
  return (status) => failures[status];
}
