/** The status object of the vendor's answers and reports. */
export interface QikliStatus {
  groupId: number;
  groupName: string;
  id: number;
  name: string;
  description: string;
}

export interface QikliError extends QikliStatus {
  permanent: boolean;
}

const group = (groupId: number, groupName: string) => (id: number, name: string, description: string) => ({
  groupId,
  groupName,
  id,
  name,
  description,
});

const pending = group(1, "PENDING");
const undeliverable = group(2, "UNDELIVERABLE");
const delivered = group(3, "DELIVERED");
const expired = group(4, "EXPIRED");
const rejected = group(5, "REJECTED");

/**
 * Rows of the platform's status tables; `accepted` and `deliveredToHandset` as in the vendor's documentation.
 */
export const statuses = {
  accepted: pending(26, "MESSAGE_ACCEPTED", "Message sent to next instance"),
  acceptedOld: group(0, "ACCEPTED")(0, "MESSAGE_ACCEPTED", "Message accepted"),
  acceptedNew: pending(26, "PENDING_ACCEPTED", "Message sent to next instance"),
  enroute: pending(7, "PENDING_ENROUTE", "Message sent to next instance"),
  deliveredToOperator: delivered(2, "DELIVERED_TO_OPERATOR", "Message delivered to operator"),
  deliveredToHandset: delivered(5, "DELIVERED_TO_HANDSET", "Message delivered to handset"),
  rejectedByOperator: undeliverable(4, "UNDELIVERABLE_REJECTED_OPERATOR", "Message rejected by operator"),
  notDelivered: undeliverable(9, "UNDELIVERABLE_NOT_DELIVERED", "Message sent not delivered"),
  expired: expired(15, "EXPIRED_EXPIRED", "Message expired"),
  prefixMissing: rejected(8, "REJECTED_PREFIX_MISSING", "Number prefix missing"),
  noCredit: rejected(12, "REJECTED_NOT_ENOUGH_CREDITS", "Not enough credits"),
  sender: rejected(13, "REJECTED_SENDER", "Sender is not allowed"),
  noRoute: rejected(19, "REJECTED_ROUTE_NOT_AVAILABLE", "No route available for the destination"),
  flooding: rejected(20, "REJECTED_FLOODING_FILTER", "Too many messages to this number"),
  systemError: rejected(21, "REJECTED_SYSTEM_ERROR", "System error"),
  duplicate: rejected(23, "REJECTED_DUPLICATE_MESSAGE_ID", "Message id is not unique"),
  tooLong: rejected(25, "REJECTED_MESSAGE_TOO_LONG", "Message is too long"),
  unheardOf: group(9, "HELD")(900, "HELD_SOMEWHERE", "Message held somewhere"),
} as const satisfies Record<string, QikliStatus>;

export type StatusName = keyof typeof statuses;

const error =
  (groupId: number, groupName: string) =>
  (id: number, name: string, description: string, permanent: boolean): QikliError => ({
    ...group(groupId, groupName)(id, name, description),
    permanent,
  });

export const errors = {
  none: error(0, "OK")(0, "NO_ERROR", "No Error", false),
  absentSubscriber: error(1, "HANDSET_ERRORS")(27, "EC_ABSENT_SUBSCRIBER", "Absent Subscriber", false),
  callBarred: error(1, "HANDSET_ERRORS")(13, "EC_CALL_BARRED", "Call Barred", false),
  cancelled: error(3, "OPERATOR_ERRORS")(4100, "EC_MESSAGE_CANCELED", "Message canceled", true),
  validityExpired: error(3, "OPERATOR_ERRORS")(4101, "EC_VALIDITY_EXPIRED", "Validity period expired", true),
} as const;

export type ErrorName = keyof typeof errors;
