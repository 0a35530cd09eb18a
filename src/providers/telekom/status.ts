import type { StatusMap } from "../provider.ts";
import { failureReader, statusReader } from "../wire/status.ts";

/**
 * The words of both tables in the Telekom SK documentation (`check_message` and callbacks), in the order of
 * the first, then one word that only public clients know. A message that Telekom SK still holds counts as
 * submitted. That includes ERROR, after which it tries up to 5 more times within 60 minutes.
 */
const statuses = {
  UNSENT: "SUBMITTED",
  SCHEDULED: "SUBMITTED",
  QUEUED: "SUBMITTED",
  SENDING: "SUBMITTED",
  SENT: "SENT",
  DELIVERED: "DELIVERED",
  EXPIRED: "EXPIRED",
  DELETED: "CANCELLED",
  UNDELIVERABLE: "UNDELIVERED",
  DENIED: "REJECTED",
  IN_GROUP: "SUBMITTED",
  READ: "READ",
  PROCESSING: "SUBMITTED",
  ERROR: "SUBMITTED",
  UNKNOWN: "UNKNOWN",

  BLACKLISTED: "REJECTED",
} as const satisfies StatusMap;

/** The meaning of a status word, in any letter case. */
export const readStatus = statusReader(statuses);

/** Telekom SK reports no reasons, so the failure only names the status. */
export const failureOf = failureReader("Telekom SK");
