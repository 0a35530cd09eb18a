import type { MessageFailure, ReportedStatus, StatusMap } from "../provider.ts";

/** Reads a provider's status words in any letter case; unlisted words are UNKNOWN. */
export function statusReader(statuses: StatusMap): (word: string) => ReportedStatus {
  return (word) => {
    const key = word.trim().toUpperCase();
    return (Object.hasOwn(statuses, key) ? statuses[key] : undefined) ?? "UNKNOWN";
  };
}

/** The failure for a status, if that status is a failure and the provider gives no reason. */
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
