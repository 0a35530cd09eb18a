import type { StatusMap } from "../provider.ts";
import { failureReader, statusReader } from "../wire/status.ts";

/**
 * The six words of the TikoSMS documentation, then the SMPP words that other gateways use for the same
 * statuses. A message that TikoSMS still holds in its queue counts as submitted.
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

/** The meaning of a status word, in any letter case. */
export const readStatus = statusReader(statuses);

/** TikoSMS reports no reasons, so the failure only names the status. */
export const failureOf = failureReader("TikoSMS");
