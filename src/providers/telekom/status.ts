import type { StatusMap } from "../provider.ts";
import { failureReader, statusReader } from "../wire/status.ts";

/**
 * The words of both tables of the Telekom SK documentation (`check_message` and callbacks), in the order of the
 * first, then one that only public clients know. A message that Telekom SK still holds is, for us, submitted: so
 * is one with an ERROR, which it tries again up to 5 times within 60 minutes.
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

/** What a status word means, in whatever case it comes. */
export const readStatus = statusReader(statuses);

/** Telekom SK gives no reasons in its reports, so the status itself is all there is to say. */
export const failureOf = failureReader("Telekom SK");
