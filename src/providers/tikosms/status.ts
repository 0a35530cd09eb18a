import type { StatusMap } from "../provider.ts";
import { failureReader, statusReader } from "../wire/status.ts";

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
export const readStatus = statusReader(statuses);

/** TikoSMS gives no reasons in its reports, so the status itself is all there is to say. */
export const failureOf = failureReader("TikoSMS");
